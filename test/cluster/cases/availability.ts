import { readFile, writeFile } from 'node:fs/promises'
import type { Test } from 'tap'
import { denied, eventually, passed } from '../expect.ts'
import { GOOD, PRIVATE, SLOW, TYPO, TYPO_DENIED, TYPO_WARNING } from '../images.ts'
import { deployment, pod } from '../objects.ts'
import { mustRun } from '../release.ts'
import type { World } from '../world.ts'

const DRY_RUN = ['--dry-run=server']

export function availability(t: Test, world: World): void {
  const { release } = world
  const bad = [pod('web', { image: TYPO })]

  t.test('a registry that never answers does not outlast timeoutSeconds', async (t) => {
    const namespace = await world.namespace('slow')
    // failurePolicy is Fail here: an answer that is late would be an error.
    const slow = await world.apply(namespace, [pod('slow', { image: SLOW })])
    passed(t, slow, [/\[Unverified\]: slow\.acme\.test did not answer in time/], 'alone')
    const both = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'both' },
      spec: {
        containers: [
          { name: 'slow', image: SLOW },
          { name: 'app', image: TYPO },
        ],
      },
    }
    const result = await world.apply(namespace, [both])
    t.match(result.stderr, TYPO_DENIED[0], 'what is known by then is told')
    t.equal(result.code, 1)
  })

  t.test('while Pullgate is down, failurePolicy decides', async (t) => {
    const namespace = await world.namespace('down')
    const off = await world.namespace('down-off', { 'pullgate.dev/mode': 'off' })
    await world.applyUnjudged(namespace, [held('held')])
    release.service.setEndpoints([])
    release.service.cutConnections()
    const refused = await world.apply(namespace, [pod('web', { image: GOOD })])
    t.match(
      refused.stderr,
      /^Error from server \(InternalError\): .*failed calling webhook "images\.pullgate\.dev"/,
      'Fail refuses everything',
    )
    t.equal(refused.code, 1)
    passed(t, await world.apply('kube-system', bad), [], 'but in kube-system')
    passed(t, await world.apply(off, bad), [], 'where it is switched off')
    const mirror = await world.kubectl(
      ['create', '-n', namespace, '-f', '-', '--as=root', '--as-group=system:masters'],
      { input: [mirrorPod('mirror')] },
    )
    passed(t, mirror, [], 'a mirror Pod')
    const node = ['--as=system:node:node-1', '--as-group=system:nodes']
    const byNode = await world.kubectl(
      ['create', '-n', namespace, '-f', '-', ...node, '--as-group=system:masters'],
      { input: [pod('by-node', { image: GOOD })] },
    )
    passed(t, byNode, [], 'what a node sends')
    const on = async (...args: string[]) => world.kubectl([...args, '-n', namespace])
    passed(t, await on('delete', 'pod/held', '--wait=false'), [], 'a deletion')
    const none = '{"metadata":{"finalizers":null}}'
    passed(t, await on('patch', 'pod/held', '-p', none), [], 'and its finalizers')

    await release.apply({ failurePolicy: 'Ignore' })
    const result = await eventually(
      t,
      () => world.apply(namespace, bad, DRY_RUN),
      ({ code }) => code === 0,
      'Ignore lets everything through',
    )
    passed(t, result, [], 'Ignore')
    release.service.setEndpoints([world.replica.port])
    const back = await eventually(
      t,
      () => world.apply(namespace, bad, DRY_RUN),
      ({ code }) => code === 1,
      'it is asked again as soon as it is back',
    )
    denied(t, back, TYPO_DENIED, 'back again')
    await release.apply({ failurePolicy: 'Fail' })
  })

  t.test(
    'no denial comes of an API server that is gone, silent or forbids',
    async (t) => {
      const namespace = await world.namespace('unknown')
      const token = ['create', 'token', 'default', '-n', namespace]
      const { stdout } = await mustRun(world.plane, token)
      const forbidden = await world.plane.writeKubeconfig('forbidden', stdout.trim())
      const kubeconfigs = {
        forbidden,
        silent: await pointAt(forbidden, 'silent', world.silentUrl),
        gone: await pointAt(forbidden, 'gone', 'https://127.0.0.1:1'),
      }
      for (const [name, kubeconfig] of Object.entries(kubeconfigs)) {
        const replica = await release.startReplica(t, { kubeconfig })
        release.service.setEndpoints([replica.port])
        release.service.cutConnections()
        const objects = [
          pod('web', { image: TYPO }),
          deployment('web', { image: TYPO }),
          pod('api', { image: PRIVATE, secret: 'acme' }),
        ]
        for (const [index, object] of objects.entries()) {
          const result = await world.apply(namespace, [object], DRY_RUN)
          t.equal(result.code, 0, `${name}: object ${index}`, { found: result.stderr })
          t.match(result.stderr, /^Warning: /, `${name}: object ${index} warns`)
        }
      }
      release.service.setEndpoints([world.replica.port])
      release.service.cutConnections()
    },
  )

  t.test('a second replica, and a first one that goes', async (t) => {
    const namespace = await world.namespace('replicas')
    const first = await release.startReplica(t)
    const second = await release.startReplica(t)
    release.service.setEndpoints([first.port, second.port])
    release.service.cutConnections()
    const objects = [bad[0] ?? {}, deployment('web', { image: TYPO })]
    for (const object of [...objects, ...objects])
      denied(t, await world.apply(namespace, [object]), TYPO_DENIED, 'either of them')
    const many = Array.from({ length: 20 }, (_, index) =>
      pod(`web-${index}`, { image: GOOD }),
    )
    // What a rolling update does; failurePolicy is Fail, so that a review that is lost shows.
    first.process.signal('SIGTERM')
    release.service.setEndpoints([second.port])
    const end = first.process.ended.then(({ code }) => code)
    const round = async (): Promise<'reviewed'> => {
      passed(t, await world.apply(namespace, many, DRY_RUN), [], 'under way')
      return 'reviewed'
    }
    let under = round()
    while ((await Promise.race([end, under])) === 'reviewed') under = round()
    await under
    t.equal(await end, 0)
    passed(t, await world.apply(namespace, many, DRY_RUN), [], 'after it')
    release.service.setEndpoints([world.replica.port])
    release.service.cutConnections()
  })

  t.test('a changed configuration, without a restart', async (t) => {
    const namespace = await world.namespace('reconfigured')
    await release.apply({ mode: 'warn' })
    const result = await eventually(
      t,
      () => world.apply(namespace, bad, DRY_RUN),
      ({ code }) => code === 0,
      'the mode is warn now',
    )
    passed(t, result, [`would be denied: ${TYPO_WARNING}`], 'mode warn')
    await release.apply({ mode: 'enforce' })
    await eventually(
      t,
      () => world.apply(namespace, bad, DRY_RUN),
      ({ code }) => code === 1,
      'the mode is enforce again',
    )
  })
}

function held(name: string): object {
  const object = pod(name, { image: TYPO }) as { metadata: object }
  return { ...object, metadata: { ...object.metadata, finalizers: ['acme.test/hold'] } }
}

function mirrorPod(name: string): object {
  const annotations = { 'kubernetes.io/config.mirror': 'abc' }
  const object = pod(name, { image: TYPO, annotations }) as { spec: object }
  return { ...object, spec: { ...object.spec, nodeName: 'node-1' } }
}

/** The same identity at another server. */
async function pointAt(kubeconfig: string, name: string, url: string): Promise<string> {
  const text = await readFile(kubeconfig, 'utf8')
  const path = kubeconfig.replace('forbidden', name)
  await writeFile(path, text.replace(/https:\/\/127\.0\.0\.1:\d+/, url), { mode: 0o600 })
  return path
}
