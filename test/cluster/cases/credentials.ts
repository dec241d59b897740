import type { Test } from 'tap'
import { denied, passed } from '../expect.ts'
import { PRIVATE, RIGHT_LOGIN, WRONG_LOGIN } from '../images.ts'
import { deployment, pod, pullSecret, serviceAccount } from '../objects.ts'
import type { World } from '../world.ts'

const UNSHOWN =
  'private.acme.test/team/api does not exist or is private, and private.acme.test does not show it without credentials.'

export function credentials(t: Test, world: World): void {
  const secret = pullSecret('acme', RIGHT_LOGIN)

  t.test('a private image without a secret', async (t) => {
    const namespace = await world.namespace('no-secret')
    const bare = await world.apply(namespace, [pod('api', { image: PRIVATE })])
    const message = [
      `container "app": ${PRIVATE} cannot be pulled [CredentialsRequired]`,
      `  ${UNSHOWN} No pull secret is named, and service account default has none either.`,
      `  Create a secret for service account default: kubectl -n ${namespace} create secret docker-registry private-acme-test-pull --docker-server=private.acme.test --docker-username=... --docker-password=... && kubectl -n ${namespace} patch serviceaccount default -p '{"imagePullSecrets":[{"name":"private-acme-test-pull"}]}'`,
    ]
    denied(t, bare, message, 'a bare Pod')
    const made = await world.apply(namespace, [deployment('api', { image: PRIVATE })])
    passed(t, made, [/\[CredentialsRequired\]/], 'a Deployment in a young Namespace')
  })

  t.test('secret and workload in one apply, secret first', async (t) => {
    const namespace = await world.namespace('secret-first')
    const shape = { image: PRIVATE, secret: 'acme' }
    const objects = [secret, pod('api', shape), deployment('api', shape)]
    passed(t, await world.apply(namespace, objects), [], 'all three')
    await world.pods(namespace, 'api', 2)
  })

  t.test('secret and workload in one apply, workload first', async (t) => {
    const namespace = await world.namespace('workload-first')
    const shape = { image: PRIVATE, secret: 'acme' }
    const made = await world.apply(namespace, [deployment('api', shape), secret])
    const warnings = [
      /\[CredentialsRequired\]: .* Pull secret workload-first\/acme does not exist/,
      /\[PullSecretMissing\]: Pull secret workload-first\/acme does not exist/,
    ]
    passed(t, made, warnings, 'a Deployment')
    const other = await world.namespace('pod-first')
    const bare = await world.apply(other, [pod('api', shape), secret])
    const message = [
      `container "app": ${PRIVATE} cannot be pulled [CredentialsRequired]`,
      `  ${UNSHOWN} Pull secret pod-first/acme does not exist; the kubelet goes on without it.`,
      '  Create it: kubectl -n pod-first create secret docker-registry acme --docker-server=private.acme.test --docker-username=... --docker-password=...',
    ]
    denied(t, bare, message, 'a bare Pod')
    t.equal(bare.stdout, 'secret/acme created\n', 'the rest of the file is applied')
    passed(t, await world.apply(other, [pod('api', shape)]), [], 'the second attempt')
  })

  t.test('a password that was changed', async (t) => {
    const namespace = await world.namespace('wrong-login')
    const shape = { image: PRIVATE, secret: 'acme' }
    const stale = pullSecret('acme', WRONG_LOGIN)
    const bare = await world.apply(namespace, [stale, pod('api', shape)])
    const message = [
      `container "app": ${PRIVATE} cannot be pulled [CredentialsRejected]`,
      `  private.acme.test answered 401 to the credentials in secret ${namespace}/acme (key "private.acme.test").`,
      `  Renew it: kubectl -n ${namespace} create secret docker-registry acme --docker-server=private.acme.test --docker-username=... --docker-password=... --dry-run=client -o yaml | kubectl apply -f -`,
    ]
    denied(t, bare, message, 'a bare Pod')
    t.notMatch(bare.stderr, WRONG_LOGIN.password)
    passed(t, await world.apply(namespace, [secret]), [], 'the secret is renewed')
    passed(t, await world.apply(namespace, [pod('api', shape)]), [], 'and helps at once')
  })

  t.test('the secrets of service accounts', async (t) => {
    const namespace = await world.namespace('accounts')
    const shape = { image: PRIVATE, serviceAccount: 'builder' }
    const objects = [
      secret,
      serviceAccount('builder', 'acme'),
      pod('api', shape),
      deployment('api', shape),
    ]
    passed(t, await world.apply(namespace, objects), [], 'a named account')
    const [first] = await world.pods(namespace, 'api', 2)
    t.same(
      first?.spec.imagePullSecrets,
      [{ name: 'acme' }],
      'admission gave it to the Pod',
    )
    const patch = '{"imagePullSecrets":[{"name":"acme"}]}'
    await world.kubectl(['patch', 'sa', 'default', '-n', namespace, '-p', patch])
    const plain = [
      pod('plain', { image: PRIVATE }),
      deployment('plain', { image: PRIVATE }),
    ]
    passed(t, await world.apply(namespace, plain), [], 'the default account')
    const missing = deployment('later', { image: PRIVATE, serviceAccount: 'later' })
    const result = await world.apply(namespace, [missing])
    t.equal(result.code, 0, 'an account that is still to come refuses no template')
    t.match(result.stderr, /Warning: /)
  })

  t.test('templates in a Namespace that is not young', async (t) => {
    const namespace = await world.namespace('settled')
    const clockAheadMs = 600_000
    const replica = await world.release.startReplica(t, { clockAheadMs })
    world.release.service.setEndpoints([replica.port])
    world.release.service.cutConnections()
    const without = await world.apply(namespace, [deployment('api', { image: PRIVATE })])
    const message = [
      `container "app": ${PRIVATE} cannot be pulled [CredentialsRequired]`,
      `  ${UNSHOWN} No pull secret is named, and service account default has none either.`,
    ]
    t.match(without.stderr, message.join('\n'), 'without a secret')
    t.equal(without.code, 1)
    const shape = { image: PRIVATE, secret: 'later' }
    const later = await world.apply(namespace, [deployment('later', shape)])
    t.match(later.stderr, /Warning: .*Pull secret settled\/later does not exist/)
    t.equal(later.code, 0, 'a secret that may come later only warns')
    const stale = pullSecret('stale', WRONG_LOGIN)
    const made = deployment('api', { image: PRIVATE, secret: 'stale' })
    const refused = await world.apply(namespace, [stale, made])
    t.match(
      refused.stderr,
      `container "app": ${PRIVATE} cannot be pulled [CredentialsRejected]`,
    )
    t.equal(refused.code, 1, 'a password that was changed')
    const right = deployment('api', { image: PRIVATE, secret: 'acme' })
    passed(t, await world.apply(namespace, [secret, right]), [], 'the right secret')
    world.release.service.setEndpoints([world.replica.port])
    world.release.service.cutConnections()
  })
}
