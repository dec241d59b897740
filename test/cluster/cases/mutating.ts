import type { Test } from 'tap'
import { denied, passed } from '../expect.ts'
import { GOOD, PRIVATE, RIGHT_LOGIN, TYPO, TYPO_DENIED } from '../images.ts'
import { MUTATED } from '../mutating-webhook.ts'
import { deployment, pod, pullSecret } from '../objects.ts'
import type { World } from '../world.ts'

/** No registry has them; what the webhook beside ours makes of them. */
const TO_GOOD = 'registry.acme.test/team/web:from-git'
const TO_TYPO = 'registry.acme.test/team/web:from-branch'
export const REWRITTEN = { [TO_GOOD]: GOOD, [TO_TYPO]: TYPO }

export function mutating(t: Test, world: World): void {
  t.test('a template that a mutating webhook may still change only warns', async (t) => {
    const namespace = await world.namespace('mutated', MUTATED)
    const made = await world.apply(namespace, [deployment('web', { image: TO_GOOD }, 2)])
    t.equal(made.code, 0)
    t.match(made.stderr, /Warning: container "app": .*:from-git \[ImageNotFound\]/)
    const pods = await world.pods(namespace, 'web', 2)
    t.same(
      pods.map(({ spec }) => spec.containers.map(({ image }) => image)),
      [[GOOD], [GOOD]],
      'the Pods of the real controller have the image that exists',
    )
  })

  t.test('a Pod is judged after the mutation', async (t) => {
    const namespace = await world.namespace('mutated-pods', MUTATED)
    const rewritten = await world.apply(namespace, [pod('good', { image: TO_GOOD })])
    passed(t, rewritten, [], 'written to an image that exists')
    const worse = await world.apply(namespace, [pod('worse', { image: TO_TYPO })])
    denied(t, worse, TYPO_DENIED, 'written to one that does not')
    const own = await world.apply(namespace, [pod('own', { image: TYPO })])
    denied(t, own, TYPO_DENIED, 'left as it was')
  })

  t.test('a pull secret that a mutating webhook adds', async (t) => {
    const namespace = await world.namespace('mutated-secrets', MUTATED)
    const annotations = { 'acme.test/pull-secret': 'acme' }
    const secret = pullSecret('acme', RIGHT_LOGIN)
    const objects = [secret, pod('api', { image: PRIVATE, annotations })]
    passed(t, await world.apply(namespace, objects), [], 'the Pod')
    const [stored] = await world.pods(namespace, 'api', 1)
    t.same(stored?.spec.imagePullSecrets, [{ name: 'acme' }])
    const without = await world.apply(namespace, [pod('none', { image: PRIVATE })])
    t.match(without.stderr, /\[CredentialsRequired\]/, 'none was added')
    t.equal(without.code, 1)
    const template = deployment('api2', { image: PRIVATE, annotations })
    t.equal((await world.apply(namespace, [template])).code, 0, 'a template only warns')
    await world.pods(namespace, 'api2', 1)
  })

  t.test('other Namespaces are judged as ever', async (t) => {
    const namespace = await world.namespace('not-mutated')
    const result = await world.apply(namespace, [deployment('web', { image: TO_GOOD })])
    t.match(result.stderr, `container "app": ${TO_GOOD} cannot be pulled [ImageNotFound]`)
    t.equal(result.code, 1)
  })
}
