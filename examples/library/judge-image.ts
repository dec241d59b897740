// oxlint-disable no-console -- an example talks to its reader. Run it with: npx node examples/library/judge-image.ts
import { createKeyring, parseReference, predict } from '../../src/index.ts'

const reference = parseReference('nginx')
console.log(reference.pullReference)

const keyring = createKeyring([
  { auths: { 'registry.acme.test': { username: 'deployer', password: 'secret' } } },
])
console.log(keyring.lookup('registry.acme.test/team/api').matched)

const { findings } = await predict('registry.acme.test/Team/web:1.27')
for (const { cause, certainty, advice } of findings) console.log(cause, certainty, advice)
