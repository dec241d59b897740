import t from 'tap'
import { backOff, createWorld, failedEvent, pod } from './explain-world.ts'

const P = 'failed to pull and unpack image "r.test/a:1": '
const R = 'failed to resolve image: '
const DIAL = 'failed to do request: Head "https://r.test/v2/a/manifests/1": '

t.test(
  'a mistyped tag: the event has the text, the registry agrees, and there is a fix',
  async (t) => {
    const image = 'registry.acme.test/team/web:1.277'
    const { json, explain } = await createWorld(t, [
      pod('web', { image, waiting: backOff(image) }),
      failedEvent(
        'web',
        image,
        `rpc error: code = NotFound desc = ${P}${R}${image}: not found`,
      ),
    ])

    const { images, code, pod: seen } = await json('pod/web')

    t.equal(code, 1)
    t.match(seen, { name: 'web', node: 'n1', phase: 'Pending' })
    t.match(images, [
      {
        state: 'failing',
        cause: 'ImageNotFound',
        kubelet: {
          reason: 'ImagePullBackOff',
          class: 'not-found',
          since: '2026-11-20T10:00:05Z',
          failures: 9,
          agrees: true,
        },
        fix: /tag/,
      },
    ])
    t.strictSame(
      images[0]?.steps
        .filter(({ outcome }) => outcome === 'problem')
        .map(({ name }) => name),
      ['existence', 'kubelet'],
    )
    const { stdout } = await explain('web')
    t.match(stdout, /PROBLEM +existence +\[ImageNotFound\] .*1\.27/)
    t.match(stdout, /agrees with what was found here/)
    t.match(stdout, /Fix: /)
  },
)

t.test(
  'what the kubelet could not pull and what can be pulled now is transient',
  async (t) => {
    const image = 'registry.acme.test/team/web:1.27'
    const { json } = await createWorld(t, [
      pod('web', {
        image,
        waiting: {
          reason: 'ErrImagePull',
          message: `${P}${R}${DIAL}dial tcp 10.0.0.1:443: i/o timeout`,
        },
      }),
    ])

    const { images, code } = await json('web')

    t.equal(code, 0)
    t.match(images, [
      {
        state: 'transient',
        cause: null,
        kubelet: { class: 'network', since: null, agrees: null },
        fix: /kubectl -n shop delete pod web/,
      },
    ])
  },
)

t.test(
  'the Pod of a Deployment that fares worst is explained, with its secret elsewhere',
  async (t) => {
    const image = 'billing.acme.test/team/billing:3.0'
    const owner = { kind: 'ReplicaSet', name: 'api-1' }
    const { json } = await createWorld(t, [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'api', namespace: 'shop' },
        spec: { template: { spec: { containers: [{ name: 'web', image }] } } },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name: 'api-1',
          namespace: 'shop',
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', controller: true },
          ],
        },
      },
      pod('api-1-a', { image, owner, secret: 'acme' }),
      pod('api-1-b', {
        image,
        owner,
        secret: 'acme',
        waiting: {
          reason: 'ErrImagePull',
          message: `${P}${R}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
        },
      }),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'acme', namespace: 'billing' },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': 'e30=' },
      },
    ])

    const { object, pod: seen, images } = await json('deploy/api')

    t.equal(object.kind, 'Deployment')
    t.equal(seen?.name, 'api-1-b')
    t.match(images, [{ kubelet: { class: 'no-credentials', agrees: true } }])
    const steps = new Map(images[0]?.steps.map((step) => [step.name, step]))
    t.match(steps.get('namespace'), {
      outcome: 'problem',
      evidence: [/exists in billing/],
    })
    t.equal(steps.get('secret')?.outcome, 'problem')
    t.match(steps.get('other-pods')?.evidence[0], /1 with their image, 0 waiting/)
  },
)

t.test(
  'a running Pod whose image has gone is at risk, and a fine one is fine',
  async (t) => {
    const { json } = await createWorld(t, [
      pod('lost', { image: 'registry.acme.test/team/web:0.1' }),
      pod('well', { image: 'registry.acme.test/team/web:1.27' }),
    ])

    t.match(await json('lost'), { code: 1, images: [{ state: 'at-risk' }] })
    t.match(await json('well'), { code: 0, images: [{ state: 'fine', kubelet: null }] })
  },
)

t.test('an image that does not start, and names that the kubelet refuses', async (t) => {
  const { json } = await createWorld(t, [
    pod('arch', {
      image: 'registry.acme.test/team/web:1.27',
      waiting: { reason: 'CrashLoopBackOff', message: 'exec /app: exec format error' },
    }),
    pod('name', {
      image: 'registry.acme.test/Team/web:1',
      waiting: { reason: 'InvalidImageName', message: 'invalid reference format' },
    }),
    pod('never', {
      image: 'registry.acme.test/team/web:1.27',
      waiting: {
        reason: 'ErrImageNeverPull',
        message:
          'Container image "registry.acme.test/team/web:1.27" is not present with pull policy of Never',
      },
    }),
  ])

  t.match(await json('arch'), { images: [{ state: 'start', fix: /architecture/ }] })
  t.match(await json('name'), {
    images: [{ cause: 'InvalidImageName', kubelet: { agrees: true } }],
  })
  t.match(await json('never'), { images: [{ kubelet: { class: 'never-pulled' } }] })
})
