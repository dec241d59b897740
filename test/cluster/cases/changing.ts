import type { Test } from 'tap'
import { denied, passed } from '../expect.ts'
import { GONE, GOOD, TYPO, TYPO_DENIED, TYPO_WARNING } from '../images.ts'
import { deployment, otherWorkloads, pod } from '../objects.ts'
import type { World } from '../world.ts'

const GONE_WARNING = `container "app": ${GONE} [ImageNotFound]: `

export function changing(t: Test, world: World): void {
  t.test('the real controllers make Pods of what was applied', async (t) => {
    const namespace = await world.namespace('controllers')
    passed(
      t,
      await world.apply(namespace, [deployment('web', { image: GOOD }, 2)]),
      [],
      '',
    )
    const pods = await world.pods(namespace, 'web', 2)
    t.same(
      pods.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind),
      ['ReplicaSet', 'ReplicaSet'],
    )
  })

  t.test('an update that leaves an old bad image alone', async (t) => {
    const namespace = await world.namespace('old-image')
    await world.applyUnjudged(namespace, [
      deployment('web', { image: TYPO }, 2),
      ...otherWorkloads('web', { image: TYPO }),
    ])
    const on = async (...args: string[]) => world.kubectl([...args, '-n', namespace])
    passed(t, await on('label', 'deployment/web', 'tier=front'), [], 'a label')
    passed(
      t,
      await on('set', 'env', 'deployment/web', 'LOG=debug'),
      [
        TYPO_WARNING,
        'not denied: The pod template changed, but its images are the ones it had.',
      ],
      'an environment variable',
    )
    passed(
      t,
      await on('rollout', 'restart', 'deployment/web'),
      [TYPO_WARNING, 'not denied: This only restarts the Pods with the images they had.'],
      'a restart',
    )
    const other = `app=${GONE}`
    const changed = await on('set', 'image', 'deployment/web', other)
    t.match(changed.stderr, `container "app": ${GONE} cannot be pulled [ImageNotFound]`)
    t.equal(changed.code, 1, 'another bad image is refused')
    passed(t, await on('set', 'image', 'deployment/web', `app=${GOOD}`), [], 'mended')
    for (const kind of ['replicaset', 'statefulset', 'daemonset', 'job', 'cronjob', 'rc'])
      passed(t, await on('annotate', `${kind}/web`, 'note=x'), [], `annotate ${kind}`)
  })

  t.test('scaling', async (t) => {
    const namespace = await world.namespace('scaling')
    await world.applyUnjudged(namespace, [deployment('web', { image: TYPO }, 2)])
    const on = async (...args: string[]) => world.kubectl([...args, '-n', namespace])
    const replicas = async (count: number) =>
      on('patch', 'deployment/web', '-p', `{"spec":{"replicas":${count}}}`)
    passed(t, await on('scale', 'deployment/web', '--replicas=0'), [], 'scale to zero')
    denied(t, await replicas(2), TYPO_DENIED, 'from zero where the object shows it')
    passed(t, await on('scale', 'deployment/web', '--replicas=3'), [], 'kubectl scale')
    await world.pods(namespace, 'web', 3)
    passed(t, await replicas(1), [], 'fewer')
    passed(t, await replicas(0), [], 'to zero')
  })

  t.test('what is to go can go', async (t) => {
    const namespace = await world.namespace('going')
    const finalizers = '{"metadata":{"finalizers":["acme.test/hold"]}}'
    await world.applyUnjudged(namespace, [
      pod('web', { image: TYPO }),
      deployment('web', { image: TYPO }),
    ])
    const on = async (...args: string[]) => world.kubectl([...args, '-n', namespace])
    passed(t, await on('patch', 'pod/web', '-p', finalizers), [], 'a finalizer')
    passed(t, await on('delete', 'pod/web', '--wait=false'), [], 'DELETE of the Pod')
    const none = '{"metadata":{"finalizers":null}}'
    passed(t, await on('patch', 'pod/web', '-p', none), [], 'its finalizer goes')
    passed(t, await on('delete', 'deployment/web'), [], 'DELETE of the Deployment')
    await world.pods(namespace, 'web', 0)
  })

  t.test('kubectl debug', async (t) => {
    const namespace = await world.namespace('debugging')
    await world.applyUnjudged(namespace, [
      deployment('web', { image: GONE }),
      pod('bare', { image: GOOD }),
    ])
    const [made] = await world.pods(namespace, 'web', 1)
    const debug = async (name: string, image: string) =>
      world.kubectl(
        `debug -n ${namespace} pod/${name} -c tools --image=${image}`.split(' '),
      )
    const message = [
      `ephemeral container "tools": ${TYPO} cannot be pulled [ImageNotFound]`,
      ...TYPO_DENIED.slice(1),
    ]
    denied(t, await debug('bare', TYPO), message, 'a bare Pod')
    denied(
      t,
      await debug(made?.metadata.name ?? '', TYPO),
      message,
      'a Pod of a controller',
    )
    t.equal((await debug('bare', GOOD)).code, 0, 'with an image that exists')
    const again = await debug(made?.metadata.name ?? '', GOOD)
    t.equal(again.code, 0, 'in a Pod whose own image is gone')
    t.notMatch(again.stderr, 'Warning')
  })

  t.test('a drain of Pods whose image is gone', async (t) => {
    const namespace = await world.namespace('draining')
    await world.applyUnjudged(namespace, [deployment('web', { image: GONE }, 3)])
    const before = await world.pods(namespace, 'web', 3)
    const names = before.map(({ metadata }) => metadata.name)
    for (const name of names) await bind(world, namespace, name)
    const drained = await world.kubectl(['drain', 'node-1', '--timeout=60s'])
    t.match(drained.stdout, 'node/node-1 drained')
    t.equal(drained.code, 0)
    const after = await world.pods(namespace, 'web', 3)
    const kept = after.filter(({ metadata }) => names.includes(metadata.name))
    t.same(kept, [], 'all were evicted, and all came back')
    await world.kubectl(['uncordon', 'node-1'])
    const bare = await world.apply(namespace, [pod('mine', { image: GONE })])
    t.match(bare.stderr, `container "app": ${GONE} cannot be pulled`, 'mine is refused')
    t.notMatch(drained.stderr, GONE_WARNING)
  })
}

/** What the scheduler does. */
async function bind(world: World, namespace: string, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`
  const target = { kind: 'Node', name: 'node-1' }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target }
  const input = JSON.stringify(binding)
  const { code, stderr } = await world.kubectl(['create', '--raw', path, '-f', '-'], {
    input,
  })
  if (code !== 0) throw new Error(stderr)
}
