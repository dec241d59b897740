import t from 'tap'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import { createTrustContext, systemTrustContext } from '../../src/registry/trust.ts'

const system = { ca: [], clientCert: null, clientKey: null, skipVerify: false }

t.test(
  'the trust of most registries is made once, what a host adds for it',
  async (t) => {
    const made = systemTrustContext()
    t.equal(createTrustContext(system), made, 'what a server made beforehand is used')
    t.equal(createTrustContext({ ...system, skipVerify: true }), made)

    const names = { hosts: ['localhost'], nowMs: Date.now(), validDays: 1 }
    const { ca } = await createSelfSigned(names)
    t.not(createTrustContext({ ...system, ca: [ca] }), made)
    t.equal(createTrustContext(system), made, 'and nothing of that is added to it')
  },
)
