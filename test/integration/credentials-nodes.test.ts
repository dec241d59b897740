import { writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { createFactCache } from '../../src/cluster/fact-cache.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import type { ClusterFacts, Fact } from '../../src/prediction/cluster-facts.ts'
import type { NodeCredentialSettings } from '../../src/prediction/prediction-settings.ts'
import { startDockerRegistry } from '../support/docker-registry.ts'
import type { DockerRegistry } from '../support/docker-registry.ts'
import { withParts } from '../support/missing-parts.ts'
import { startTokenServer } from '../support/token-server.ts'
import {
  MARK,
  createWorld,
  deployment,
  pod,
  secret,
  serviceAccount,
  user,
} from './credentials-world.ts'

const GOOD = `good-${MARK}`
const WRONG = `wrong-${MARK}`
const HOST = 'registry.acme.test'
const APP = `${HOST}/team/app:1.0`
const needs = ['docker-registry'] as const

function nodes(changes: Partial<NodeCredentialSettings>) {
  return {
    nodeCredentials: { ...defaultConfiguration().nodeCredentials, ...changes },
  }
}

function dockerConfig(password: string): string {
  return JSON.stringify({ auths: { [HOST]: user('puller', password) } })
}

async function startBasic(t: Test): Promise<DockerRegistry> {
  const registry = await startDockerRegistry(t, { auth: { htpasswd: { puller: GOOD } } })
  await registry.push('team/app', '1.0')
  return registry
}

/** A Pod as evidence: it runs an image of the host. */
function running(name: string, image: string, pullSecrets: readonly string[] = []) {
  const { spec } = pod(image, { pullSecrets })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'team-b' },
    spec,
    status: {
      phase: 'Running',
      containerStatuses: [
        { name: 'web', image, imageID: `${HOST}/team/app@sha256:${'a'.repeat(64)}` },
      ],
    },
  }
}

void test('node credentials', async (t) => {
  await withParts(t, { file: import.meta.filename, needs }, async () => {
    const registry = await startBasic(t)
    const endpoints = { [HOST]: registry.url }

    await t.test(
      'the docker config of the nodes opens what no secret does',
      async (t) => {
        const dockerConfigFile = join(t.testdir(), 'config.json')
        await writeFile(dockerConfigFile, dockerConfig(GOOD))
        const configuration = nodes({ dockerConfigFile })
        const world = await createWorld(t, { endpoints, configuration })

        const image = await world.report(pod(APP))

        t.equal(image.action, 'allow')
        t.match(image.attempts, [{ credential: /the node configuration .*config\.json/ }])
      },
    )

    await t.test('its refusal is conclusive only when it is complete', async (t) => {
      const dockerConfigFile = join(t.testdir(), 'config.json')
      await writeFile(dockerConfigFile, dockerConfig(WRONG))
      const open = await createWorld(t, {
        endpoints,
        configuration: nodes({ dockerConfigFile }),
      })
      const complete = await createWorld(t, {
        endpoints,
        configuration: nodes({ dockerConfigFile, complete: true }),
      })

      const warned = await open.report(pod(APP))
      const denied = await complete.report(pod(APP))

      t.equal(warned.action, 'warn')
      t.match(warned.findings[0]?.doubts, [/those that we were given need not be all/])
      t.equal(denied.action, 'deny')
      t.match(denied.message, 'the node configuration')
      t.match(denied.advice, 'create secret docker-registry registry-acme-test-pull')
      t.notMatch(open.told() + complete.told(), MARK)
    })

    await t.test(
      'it is read again when it changes, and a broken one only warns',
      async (t) => {
        const dockerConfigFile = join(t.testdir(), 'config.json')
        const configuration = nodes({ dockerConfigFile, complete: true })
        const world = await createWorld(t, { endpoints, configuration })
        const actions: string[] = []
        const contents = [null, `{"auths": ${MARK}`, dockerConfig(GOOD)]

        for (const content of contents) {
          if (content !== null) await writeFile(dockerConfigFile, content)
          const { action } = await world.report(pod(APP))
          actions.push(action)
        }
        await world.report(pod(APP))

        t.same(actions, ['warn', 'warn', 'allow'])
        t.match(world.notices, [/config\.json does not exist/, /config\.json: .*/])
        t.equal(world.notices.length, 2, 'each problem is told once')
        t.notMatch(world.told(), MARK)
      },
    )

    await t.test('credential providers run as on a node, and never deny', async (t) => {
      const directory = t.testdir()
      const credentialProviderConfig = join(directory, 'providers.yaml')
      await writeFile(credentialProviderConfig, providerConfig('acme-provider'))
      await writePlugin(join(directory, 'acme-provider'))
      const configuration = nodes({
        credentialProviderConfig,
        credentialProviderBinDir: directory,
      })
      const env = { PATH: process.env.PATH ?? '', ACME_PASSWORD: GOOD }
      const good = await createWorld(t, { endpoints, configuration, env })
      const wrong = await createWorld(t, {
        endpoints,
        configuration,
        env: { ...env, ACME_PASSWORD: WRONG },
      })
      const failing = await createWorld(t, { endpoints, configuration })

      const opened = await good.report(pod(APP))
      const refused = await wrong.report(pod(APP))
      const unanswered = await failing.report(pod(APP))

      t.equal(opened.action, 'allow')
      t.match(opened.attempts, [{ credential: /the credential provider acme-provider/ }])
      t.equal(refused.action, 'warn')
      t.equal(refused.cause, 'CredentialsRejected')
      t.match(refused.findings[0]?.doubts, [
        /Nodes ask the credential provider acme-prov/,
      ])
      t.equal(unanswered.action, 'warn')
      t.equal(unanswered.cause, 'NodeCredentialsOnly')
      t.match(unanswered.message, /acme-provider ended with exit code 3/)
      t.notMatch(good.told() + wrong.told() + failing.told(), MARK)
    })

    await t.test(
      'a plugin is not waited for where a pull secret opens the image',
      async (t) => {
        const directory = t.testdir()
        const credentialProviderConfig = join(directory, 'providers.yaml')
        await writeFile(credentialProviderConfig, providerConfig('acme-provider'))
        const started = join(directory, 'started')
        const script = `#!/bin/sh\necho > ${started}\n`
        await writeFile(join(directory, 'acme-provider'), script, { mode: 0o755 })
        const world = await createWorld(t, {
          endpoints,
          objects: [secret('acme-pull', { [HOST]: user('puller', GOOD) })],
          configuration: nodes({
            credentialProviderConfig,
            credentialProviderBinDir: directory,
          }),
        })

        const image = await world.report(pod(APP, { pullSecrets: ['acme-pull'] }))

        t.equal(image.action, 'allow')
        t.notOk(existsSync(started))
      },
    )

    await t.test('a provider configuration that cannot be used only warns', async (t) => {
      const directory = t.testdir({ 'providers.yaml': 'kind: Other\n' })
      const configuration = nodes({
        credentialProviderConfig: join(directory, 'providers.yaml'),
        credentialProviderBinDir: directory,
      })
      const world = await createWorld(t, { endpoints, configuration })

      const image = await world.report(pod(APP))

      t.equal(image.action, 'warn')
      t.match(world.notices, [/kind: must be CredentialProviderConfig/])
    })
  })
})

void test('what the cluster shows of node credentials', async (t) => {
  await withParts(t, { file: import.meta.filename, needs }, async () => {
    const registry = await startBasic(t)
    const endpoints = { [HOST]: registry.url }

    await t.test('a Pod that runs without a matching secret is evidence', async (t) => {
      const objects = [running('evident', APP)]
      const world = await createWorld(t, { endpoints, objects })

      const image = await world.report(pod(APP))
      await world.report(pod(`${HOST}/team/other:1.0`))
      const page = await world.metricsPage()
      const answer = await world.apply(pod(APP))

      t.equal(image.action, 'warn')
      t.equal(image.cause, 'NodeCredentialsOnly')
      t.match(image.message, `Nodes evidently have credentials of their own for ${HOST}`)
      t.match(answer.warnings, [/Nodes evidently have credentials of their own/])
      t.match(world.notices, [HOST])
      t.equal(world.notices.length, 1, 'told once')
      t.match(page, `pullgate_node_credentials_learned_total{host="${HOST}"} 1`)
      t.notMatch(answer.warnings.join(' '), /evident\b|team-b/, "no tenant's objects")
    })

    await t.test('one whose own secret opens the image is none', async (t) => {
      const objects = [
        running('with-secret', APP, ['acme-pull']),
        secret('acme-pull', { [HOST]: user('puller', GOOD) }, { namespace: 'team-b' }),
      ]
      const world = await createWorld(t, { endpoints, objects })

      const image = await world.report(pod(APP))

      t.equal(image.action, 'deny')
      t.same(world.notices, [])
    })

    await t.test('preloaded images are none', async (t) => {
      const preloaded = await createWorld(t, {
        endpoints,
        objects: [running('preloaded', APP)],
        configuration: { preloadedImages: [`${HOST}/team/*`] },
      })

      const image = await preloaded.report(pod(APP))

      t.equal(image.action, 'deny')
    })

    await t.test('Secrets are read only when a Pod that counts names one', async (t) => {
      const asked: string[] = []
      const world = await createWorld(t, {
        endpoints,
        objects: [running('b', APP, ['acme-pull']), running('a', APP)],
        facts: (facts) => ({
          ...facts,
          secret(namespace, name, options) {
            asked.push(`${namespace}/${name}`)
            return facts.secret(namespace, name, options)
          },
        }),
      })

      const image = await world.report(pod(APP))

      t.equal(image.cause, 'NodeCredentialsOnly')
      t.same(asked, [])
    })

    await t.test('it can be switched off, and then a refusal only warns', async (t) => {
      const world = await createWorld(t, {
        endpoints,
        objects: [running('evident', APP)],
        configuration: nodes({ learn: false }),
      })

      const image = await world.report(pod(APP))
      const page = await world.metricsPage()

      t.equal(image.action, 'warn')
      t.equal(image.cause, 'CredentialsRequired')
      t.match(image.findings[0]?.doubts, [/nodeCredentials\.learn is off/])
      t.notMatch(page, 'pullgate_node_credentials_learned_total{')
    })

    await t.test('without access to Pods a refusal only warns', async (t) => {
      const world = await createWorld(t, {
        endpoints,
        facts: (facts) => ({
          ...facts,
          podsUsingRegistry: async () => forbidden('pods'),
        }),
      })

      const image = await world.report(pod(APP))

      t.equal(image.action, 'warn')
      t.match(image.findings[0]?.doubts, [/not known \(we may not list pods\)/])
    })
  })
})

void test('secrets that cannot be read', async (t) => {
  await withParts(t, { file: import.meta.filename, needs }, async () => {
    const registry = await startBasic(t)
    const endpoints = { [HOST]: registry.url }
    const objects = [
      secret('acme-pull', { [HOST]: user('puller', GOOD) }),
      serviceAccount('default', ['acme-pull']),
    ]
    await t.test('a forbidden Secret leaves the image unverified', async (t) => {
      const world = await createWorld(t, { endpoints, objects, facts: forbiddenSecrets })

      const image = await world.report(pod(APP, { pullSecrets: ['acme-pull'] }))
      const answer = await world.apply(pod(APP, { pullSecrets: ['acme-pull'] }))

      t.equal(image.action, 'warn')
      t.equal(image.cause, 'Unverified')
      t.match(image.message, 'Pull secret team-a/acme-pull could not be read')
      t.match(image.message, 'we may not list secrets')
      t.match(image.message, `${HOST} answered 401`)
      t.match(image.advice, `key "${HOST}": kubectl -n team-a get secret acme-pull`)
      t.equal(answer.allowed, true)
    })

    await t.test('nor does a missing tag deny then', async (t) => {
      const world = await createWorld(t, { endpoints, objects, facts: forbiddenSecrets })

      const image = await world.report(
        pod(`${HOST}/team/app:2.0`, { pullSecrets: ['acme-pull'] }),
      )

      t.equal(image.action, 'warn')
    })

    await t.test('nor a service account that cannot be read', async (t) => {
      const world = await createWorld(t, { endpoints, facts: forbiddenAccounts })

      const image = await world.report(deployment(APP))

      t.equal(image.cause, 'Unverified')
      t.match(image.message, 'Service account team-a/default')
      t.match(image.advice, 'kubectl -n team-a get serviceaccount default')
    })

    await t.test('secrets: none asks for no Secret at all', async (t) => {
      const asked: string[] = []
      const world = await createWorld(t, {
        endpoints,
        objects: [...objects, running('with-secret', APP, ['acme-pull'])],
        configuration: { secrets: 'none' },
        facts: (facts) => ({
          ...facts,
          secret(namespace, name, options) {
            asked.push(name)
            return facts.secret(namespace, name, options)
          },
        }),
      })

      const named = await world.report(deployment(APP))
      const bare = await world.report(pod(APP))

      t.equal(named.action, 'warn')
      t.equal(named.cause, 'Unverified')
      t.match(named.message, 'Pull secret team-a/acme-pull could not be read')
      t.equal(bare.action, 'warn', 'nor does what runs elsewhere deny')
      t.same(asked, [])
    })
  })
})

void test('credentials of one namespace never answer for another', async (t) => {
  await withParts(t, { file: import.meta.filename, needs }, async () => {
    const token = await startTokenServer(t, {
      users: { puller: { password: GOOD, pull: ['*'] } },
    })
    const bearer = await startDockerRegistry(t, { auth: { token } })
    await bearer.push('team/app', '1.0')
    const basic = await startBasic(t)
    for (const [kind, url] of Object.entries({ basic: basic.url, bearer: bearer.url })) {
      await t.test(kind, async (t) => {
        const shape = { pullSecrets: ['acme-pull'] }
        const inA = { ...shape, namespace: 'team-a' }
        const inB = { ...shape, namespace: 'team-b' }
        const world = await createWorld(t, {
          endpoints: { [HOST]: url },
          objects: [
            secret('acme-pull', { [HOST]: user('puller', GOOD) }, inA),
            secret('acme-pull', { [HOST]: user('puller', WRONG) }, inB),
          ],
        })
        const judge = async (shapes: { namespace: string; pullSecrets: string[] }[]) =>
          Promise.all(
            shapes.map(async (each) => (await world.report(pod(APP, each))).cause),
          )
        const inC = { namespace: 'team-c', pullSecrets: [] }

        const first = await judge([inA])
        const after = await judge([inB, inC, inA])
        const together = await judge([inC, inA, inB, inA, inC, inB])

        t.same(first, [null])
        t.same(after, ['CredentialsRejected', 'CredentialsRequired', null])
        t.same(together, [
          'CredentialsRequired',
          null,
          'CredentialsRejected',
          null,
          'CredentialsRequired',
          'CredentialsRejected',
        ])
        t.notMatch(world.told(), MARK)
      })
    }
  })
})

void test('a key for all of Docker Hub stands before index.docker.io', async (t) => {
  await withParts(t, { file: import.meta.filename, needs }, async () => {
    const registry = await startBasic(t)
    const shape = { pullSecrets: ['old-pull', 'hub-pull'] }
    const world = await createWorld(t, {
      endpoints: { 'docker.io': registry.url },
      objects: [
        secret('old-pull', { 'docker.io': user('puller', WRONG) }),
        secret('hub-pull', { 'https://index.docker.io/v1/': user('puller', GOOD) }),
      ],
    })

    const image = await world.report(pod('team/app:1.0', shape))

    t.equal(image.cause, 'CredentialsRejected')
    const shadowed = image.findings.find(({ cause }) => cause === 'PullSecretShadowed')
    t.match(
      shadowed?.message,
      'The key "https://index.docker.io/v1/" of secret team-a/hub-pull is not used for this image, because the key "docker.io" of secret team-a/old-pull matches it',
    )
    t.match(shadowed?.advice, 'create secret docker-registry old-pull')
  })
})

void test('a secret that stands behind another is told of in reports alone', async (t) => {
  await withParts(t, { file: import.meta.filename, needs }, async () => {
    const registry = await startBasic(t)
    const shape = { pullSecrets: ['acme-pull', 'second-pull'] }
    const options = {
      endpoints: { [HOST]: registry.url },
      objects: [
        secret('acme-pull', { [HOST]: user('puller', GOOD) }),
        secret('second-pull', { [HOST]: user('other', GOOD) }),
      ],
    }
    const deploy = await createWorld(t, options)
    const report = await createWorld(t, { ...options, thorough: true })

    const silent = await deploy.report(pod(APP, shape))
    const told = await report.report(pod(APP, shape))

    t.equal(silent.action, 'allow')
    t.equal(told.cause, 'PullSecretShadowed')
    t.equal(told.action, 'warn')
    t.match(
      told.message,
      `secret team-a/second-pull is used only after the key "${HOST}" of secret team-a/acme-pull was refused`,
    )
  })
})

void test('a public image that answers 403 to a stale login is explained', async (t) => {
  // As public.ecr.aws does (pull-semantics 6): "stale login: 403 on public images".
  const url = await startScripted(t)
  const world = await createWorld(t, {
    endpoints: { [HOST]: url },
    objects: [secret('acme-pull', { [HOST]: user('puller', WRONG) })],
  })

  const image = await world.report(pod(APP, { pullSecrets: ['acme-pull'] }))

  t.equal(image.action, 'warn', 'a 403 never denies')
  t.equal(image.cause, 'AccessDenied')
  t.match(image.message, `secret team-a/acme-pull (key "${HOST}")`)
  t.match(image.message, 'The image is public')
  t.match(image.advice, 'create secret docker-registry acme-pull')
})

void test('what the cluster told of one namespace never serves another', async (t) => {
  const asked: string[] = []
  const answers = new Map<string, (fact: Fact<string>) => void>()
  const cache = createFactCache<string>({
    maxEntries: 10,
    maxBytes: 100_000,
    ttl: { knownMs: 1_000, absentMs: 1_000, unknownMs: 1_000, freshMs: 0 },
    now: () => 0,
    load(key) {
      asked.push(key)
      const { promise, resolve } = Promise.withResolvers<Fact<string>>()
      answers.set(key, resolve)
      return promise
    },
  })
  const read = { fresh: false, signal: new AbortController().signal }
  const keys = ['team-a/acme-pull', 'team-b/acme-pull', 'team-a/acme-pull']
  const reading = keys.map((key) => cache.read(key, read))

  for (const [key, answer] of answers) answer({ status: 'known', value: `of ${key}` })
  const values = await Promise.all(reading)
  const again = await cache.read('team-b/acme-pull', read)

  t.same(asked, keys.slice(0, 2))
  t.same(
    [...values, again],
    [...keys, 'team-b/acme-pull'].map((key) => ({ status: 'known', value: `of ${key}` })),
  )
})

/** Gives everyone a token; that of a login opens nothing, that of nobody opens the image. */
async function startScripted(t: Test): Promise<string> {
  const server = createServer((incoming, response) => {
    const { authorization = '' } = incoming.headers
    const isToken = incoming.url?.startsWith('/token') ?? false
    const loggedIn = incoming.method === 'POST' || authorization.startsWith('Basic')
    if (isToken) {
      const token = loggedIn ? 'stale' : 'nobody'
      response.end(JSON.stringify({ token, access_token: token }))
      return
    }
    if (authorization === 'Bearer nobody') {
      response.writeHead(200, {
        'content-type': 'application/vnd.oci.image.manifest.v1+json',
        'docker-content-digest': `sha256:${'a'.repeat(64)}`,
        'content-length': '2',
      })
    } else if (authorization === 'Bearer stale') response.writeHead(403)
    else {
      const realm = `http://${incoming.headers.host}/token`
      const challenge = `Bearer realm="${realm}",service="acme"`
      response.writeHead(401, { 'www-authenticate': challenge })
    }
    response.end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return `http://127.0.0.1:${address.port}`
}

function forbiddenSecrets(facts: ClusterFacts): ClusterFacts {
  return { ...facts, secret: async () => forbidden('secrets') }
}

function forbiddenAccounts(facts: ClusterFacts): ClusterFacts {
  return { ...facts, serviceAccount: async () => forbidden('serviceaccounts') }
}

function forbidden(what: string): { status: 'unknown'; reason: string } {
  return { status: 'unknown', reason: `we may not list ${what}` }
}

function providerConfig(name: string): string {
  return `apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: ${name}
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    matchImages: ["*.acme.test"]
    defaultCacheDuration: 1h
`
}

/** Answers with the password of its environment, and shows that it is the environment that we were given. */
async function writePlugin(file: string): Promise<void> {
  const script = `#!/bin/sh
cat >/dev/null
[ -n "$ACME_PASSWORD" ] || { echo "${MARK}" >&2; exit 3; }
cat <<END
{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",
 "cacheKeyType":"Registry","auth":{"${HOST}":{"username":"puller","password":"$ACME_PASSWORD"}}}
END
`
  await writeFile(file, script, { mode: 0o755 })
}
