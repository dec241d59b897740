import t from 'tap'
import {
  certainCauses,
  createWorld,
  deployment,
  leading,
  mutatingWebhook,
  pod,
} from '../prediction/world.ts'

interface Lists {
  allowedRegistries?: string[]
  deniedRegistries?: string[]
}

async function judge(image: string, settings: Lists, policy = 'Always') {
  const world = await createWorld({ settings })
  const predictions = await world.predict(pod({ image, policy }))
  return { asked: world.asked.length, finding: leading(predictions), predictions }
}

const acme = ['docker.io', 'registry.acme.test', '*.acme.test', 'ACME.test:5000']

t.test('only images of allowed registries are looked up', async (t) => {
  const cases: [image: string, lists: Lists, allowed: boolean][] = [
    ['registry.acme.test/app', {}, true],
    ['nginx', { allowedRegistries: acme }, true],
    ['index.docker.io/library/nginx', { allowedRegistries: acme }, true],
    ['registry.acme.test/app', { allowedRegistries: acme }, true],
    ['a.b.acme.test/app', { allowedRegistries: acme }, true],
    ['Registry.ACME.test/app', { allowedRegistries: acme }, true],
    ['acme.test:5000/app', { allowedRegistries: acme }, true],
    ['acme.test/app', { allowedRegistries: acme }, false],
    ['registry.acme.test:6379/app', { allowedRegistries: acme }, false],
    ['evilacme.test/app', { allowedRegistries: acme }, false],
    ['registry.acme.test.evil.io/app', { allowedRegistries: acme }, false],
    ['evil.io/registry.acme.test/app', { allowedRegistries: acme }, false],
    ['docker.io.evil/app', { allowedRegistries: acme }, false],
    ['10.0.0.7:5000/app', { allowedRegistries: acme }, false],
    ['[::1]:5000/app', { allowedRegistries: acme }, false],
    ['evil.io/app', { deniedRegistries: ['evil.io'] }, false],
    ['EVIL.io/app', { deniedRegistries: ['evil.io'] }, false],
    ['evil.io:443/app', { deniedRegistries: ['evil.io'] }, false],
    ['evil.io/app', { allowedRegistries: ['evil.io'], deniedRegistries: ['*'] }, false],
    ['notevil.io/app', { deniedRegistries: ['evil.io'] }, true],
    ['nginx', { deniedRegistries: ['docker.io'] }, false],
    ['registry-1.docker.io/library/nginx', { deniedRegistries: ['docker.io'] }, true],
  ]
  for (const [image, lists, allowed] of cases) {
    const { asked, finding } = await judge(image, lists)
    const what = `${image} with ${JSON.stringify(lists)}`
    t.equal(asked > 0, allowed, what)
    if (allowed) t.not(finding?.cause, 'RegistryNotAllowed', what)
    else t.match(finding, { cause: 'RegistryNotAllowed', certainty: 'certain' }, what)
  }
})

t.test('the operator says which ones are allowed', async (t) => {
  const { finding } = await judge('quay.io/app', { allowedRegistries: acme })
  t.match(finding?.message, /^quay\.io is not among .*allowedRegistries/)
  t.match(finding?.advice, /docker\.io, registry\.acme\.test/)
  const denied = await judge('quay.io/app', { deniedRegistries: ['quay.io'] })
  t.match(denied.finding?.message, /^quay\.io .*deniedRegistries/)
})

t.test('what is not pulled is not concerned', async (t) => {
  const never = await judge('quay.io/app', { allowedRegistries: acme }, 'Never')
  t.notOk(
    never.predictions[0]?.findings.some(({ cause }) => cause === 'RegistryNotAllowed'),
  )
})

t.test(
  'it is certain whatever the nodes have, unless the image may still change',
  async (t) => {
    const settings = { allowedRegistries: acme }
    const cached = await judge('quay.io/app', settings, 'IfNotPresent')
    t.same(certainCauses(cached.predictions), ['RegistryNotAllowed'])
    const world = await createWorld({
      settings,
      objects: [mutatingWebhook('mirrors', 'mirrors.acme.test')],
    })
    t.same(certainCauses(await world.predict(deployment({ image: 'quay.io/app' }))), [])
  },
)
