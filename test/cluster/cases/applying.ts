import type { Test } from 'tap'
import { denied, passed } from '../expect.ts'
import { GOOD, LIMITED, TYPO, TYPO_DENIED, TYPO_WARNING, WINDOWS } from '../images.ts'
import { deployment, otherWorkloads, pod } from '../objects.ts'
import type { World } from '../world.ts'

export function applying(t: Test, world: World): void {
  t.test('what can be pulled is applied without a word', async (t) => {
    const namespace = await world.namespace('good')
    const objects = [pod('web', { image: GOOD }), deployment('web', { image: GOOD })]
    const everything = [...objects, ...otherWorkloads('web', { image: GOOD })]
    passed(t, await world.apply(namespace, everything), [], 'all kinds')
  })

  t.test('what cannot be pulled is refused, whatever its kind', async (t) => {
    const namespace = await world.namespace('refused')
    const objects = [
      pod('web', { image: TYPO }),
      deployment('web', { image: TYPO }),
      ...otherWorkloads('web', { image: TYPO }),
    ]
    for (const object of objects) {
      const { kind } = object as { kind: string }
      const result = await world.apply(namespace, [object])
      denied(t, result, TYPO_DENIED, kind)
      t.match(
        result.stderr,
        /^Error from server \(Forbidden\): error when creating "STDIN": admission webhook "images\.pullgate\.dev" denied the request: \n/,
        `${kind}: the whole first line`,
      )
    }
    const { stdout } = await world.kubectl(['get', 'pods', '-n', namespace, '-o', 'name'])
    t.equal(stdout, '', 'nothing was stored')
  })

  t.test('several containers are told of in one answer', async (t) => {
    const namespace = await world.namespace('several')
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'several' },
      spec: {
        initContainers: [{ name: 'init', image: TYPO }],
        containers: [
          { name: 'app', image: WINDOWS },
          { name: 'good', image: GOOD },
          { name: 'limited', image: LIMITED },
        ],
      },
    }
    const result = await world.apply(namespace, [object])
    t.match(result.stderr, `init container "init": ${TYPO} cannot be pulled`)
    t.match(
      result.stderr,
      `container "app": ${WINDOWS} cannot be pulled [PlatformMismatch]`,
    )
    t.match(result.stderr, /Warning: container "limited": .* \[RateLimited\]/)
    t.notMatch(result.stderr, `${GOOD} `)
    t.equal(result.code, 1)
  })

  t.test('a server-side dry run gets the same answer and stores nothing', async (t) => {
    const namespace = await world.namespace('dry-run')
    const args = ['--dry-run=server']
    const bad = await world.apply(namespace, [deployment('web', { image: TYPO })], args)
    denied(t, bad, TYPO_DENIED, 'the bad one')
    const good = await world.apply(namespace, [deployment('web', { image: GOOD })], args)
    passed(t, good, [], 'the good one')
    t.equal(good.stdout, 'deployment.apps/web created (server dry run)\n')
    const { stdout } = await world.kubectl([
      'get',
      'deploy',
      '-n',
      namespace,
      '-o',
      'name',
    ])
    t.equal(stdout, '')
  })

  t.test('server-side apply is judged as well', async (t) => {
    const namespace = await world.namespace('server-side')
    const args = ['--server-side']
    const bad = await world.apply(namespace, [deployment('web', { image: TYPO })], args)
    denied(t, bad, TYPO_DENIED, 'the bad one')
    const good = await world.apply(namespace, [deployment('web', { image: GOOD })], args)
    passed(t, good, [], 'the good one')
  })

  t.test('a registry that limits requests only earns a warning', async (t) => {
    const namespace = await world.namespace('limited')
    const result = await world.apply(namespace, [pod('popular', { image: LIMITED })])
    passed(t, result, [/\[RateLimited\]: limited\.acme\.test is limiting/], 'the Pod')
  })

  t.test('the label of a Namespace sets the mode', async (t) => {
    const objects = [pod('web', { image: TYPO }), deployment('web', { image: TYPO })]
    const expected = {
      enforce: null,
      warn: [`would be denied: ${TYPO_WARNING}`],
      audit: [],
      off: [],
    }
    for (const [mode, warnings] of Object.entries(expected)) {
      const namespace = await world.namespace(`mode-${mode}`, {
        'pullgate.dev/mode': mode,
      })
      for (const object of objects) {
        const { kind } = object as { kind: string }
        const result = await world.apply(namespace, [object])
        if (warnings === null) denied(t, result, TYPO_DENIED, `${mode}: ${kind}`)
        else passed(t, result, warnings, `${mode}: ${kind}`)
      }
    }
  })

  t.test('a Namespace that is switched off is not even asked about', async (t) => {
    const namespace = await world.namespace('switched')
    const bad = [pod('web', { image: TYPO })]
    denied(t, await world.apply(namespace, bad), TYPO_DENIED, 'before')
    await world.kubectl(['label', 'namespace', namespace, 'pullgate.dev/mode=off'])
    passed(t, await world.apply(namespace, bad), [], 'after')
  })

  t.test(
    'exempt namespaces and the skip annotation let everything through',
    async (t) => {
      const exempt = await world.namespace('exempt-lab')
      passed(t, await world.apply(exempt, [pod('web', { image: TYPO })]), [], 'exempt')
      const system = await world.apply('kube-system', [pod('web', { image: TYPO })])
      passed(t, system, [], 'kube-system')
      const namespace = await world.namespace('skipped')
      const annotations = { 'pullgate.dev/skip': 'pushed by the job before' }
      const skipped = [
        pod('web', { image: TYPO, annotations }),
        deployment('web', { image: TYPO, annotations }),
      ]
      passed(t, await world.apply(namespace, skipped), [], 'skipped')
      await world.pods(namespace, 'web', 2)
    },
  )
}
