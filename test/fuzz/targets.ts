import { createMetrics } from '../../src/admission/metrics.ts'
import { createReviewer } from '../../src/admission/review.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import { buildKeyring } from '../../src/credentials/keyring.ts'
import {
  decodeDockerConfigJson,
  decodeDockercfg,
} from '../../src/credentials/docker-config.ts'
import { readPullSecret } from '../../src/credentials/pull-secret.ts'
import { diagnoseValidReference } from '../../src/reference/diagnose-valid-reference.ts'
import { InvalidImageName } from '../../src/reference/invalid-image-name.ts'
import { parseReference } from '../../src/reference/parse-reference.ts'
import { parseChallenge } from '../../src/registry/challenge.ts'
import {
  checkDocument,
  parseConfigDescriptor,
  parseIndex,
} from '../../src/registry/manifest-document.ts'
import { parseHostsToml } from '../../src/registry/parse-hosts-toml.ts'
import { matchFallback, matchStrict } from '../../src/registry/platform-matcher.ts'
import { parseRegistryErrors } from '../../src/registry/registry-errors.ts'
import { registries } from './registry-target.ts'
import { corpusOf, mutateAsJson, mutateAsText } from './target.ts'
import type { Target } from './target.ts'

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

const silent = (): void => {}

class Violation extends Error {}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what)
}

const reviews: Target = {
  name: 'reviews',
  corpus: corpusOf('../recordings'),
  mutate: mutateAsJson,
  async run(input) {
    let body: unknown
    try {
      body = JSON.parse(input)
    } catch {
      // Fastify answers 400 before the reviewer sees it.
      return
    }
    const faults: object[] = []
    const reviewer = createReviewer({
      configuration: defaultConfiguration,
      predictor: {
        predict: async ({ images }) =>
          images.map((use) => ({
            use,
            reference: null,
            digest: null,
            findings: [],
            attempts: [],
          })),
      },
      cluster: { namespace: async () => ({ status: 'absent' }) },
      ownNamespace: 'pullgate',
      metrics: createMetrics({ process: null }),
      log: {
        debug: silent,
        info: silent,
        warn: silent,
        error: (fields) => void faults.push(fields),
      },
      now: () => 0,
    })
    const outcome = await reviewer(body, { timeoutMs: 10_000, elapsedMs: 0 })
    const [fault] = faults
    if (fault !== undefined && 'err' in fault) throw fault.err
    if (outcome.status !== 'reviewed') return
    const { allowed, warnings = [] } = outcome.body.response
    expect(allowed, 'nothing was found, yet it is denied')
    expect(!warnings.some((line) => UNPRINTABLE.test(line)), 'a warning is not printable')
    expect(warnings.join('').length < 8_192, 'warnings are too long')
  },
}

const references: Target = {
  name: 'references',
  corpus: corpusOf('corpus/references'),
  mutate: mutateAsText,
  run(input) {
    try {
      const reference = parseReference(input)
      diagnoseValidReference(reference, input)
      const again = parseReference(reference.pullReference)
      expect(
        again.pullReference === reference.pullReference,
        'it does not parse to itself',
      )
    } catch (error) {
      if (!(error instanceof InvalidImageName)) throw error
    }
  },
}

const challenges: Target = {
  name: 'challenges',
  corpus: corpusOf('corpus/challenges'),
  mutate: mutateAsText,
  run(input) {
    parseChallenge(input)
  },
}

const dockerConfigs: Target = {
  name: 'docker-configs',
  corpus: corpusOf('corpus/docker-configs'),
  mutate: mutateAsJson,
  run(input) {
    for (const [type, key] of [
      ['kubernetes.io/dockerconfigjson', '.dockerconfigjson'],
      ['kubernetes.io/dockercfg', '.dockercfg'],
    ] as const) {
      readPullSecret({
        namespace: 'a',
        name: 'b',
        type,
        data: { [key]: Buffer.from(input).toString('base64') },
      })
    }
    for (const decode of [decodeDockerConfigJson, decodeDockercfg]) {
      try {
        const { entries } = decode(input)
        buildKeyring([{ kind: 'pull-secret', source: 'fuzz', entries }]).match(
          'registry.acme.test/team/app',
        )
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'PullSecretMalformed') throw error
      }
    }
  },
}

const hostsToml: Target = {
  name: 'hosts-toml',
  corpus: corpusOf('corpus/hosts-toml'),
  mutate: mutateAsText,
  run(input) {
    const result = parseHostsToml(input, '/certs')
    if (result.status === 'broken') expect(result.reason.length < 200, 'a long reason')
  },
}

const manifests: Target = {
  name: 'manifests',
  corpus: [...corpusOf('corpus/manifests'), ...corpusOf('corpus/errors')],
  mutate: mutateAsJson,
  run(input) {
    const body = Buffer.from(input)
    checkDocument(body, 'index')
    checkDocument(body, 'image')
    parseConfigDescriptor(body)
    const index = parseIndex(body)
    for (const entry of index?.entries ?? []) {
      const texts = [entry.mediaType, entry.os, entry.architecture, entry.variant].join(
        '',
      )
      expect(!UNPRINTABLE.test(texts), 'a platform is not printable')
      matchStrict(entry, 'linux/arm64')
      matchFallback(entry, 'linux/arm64')
    }
    for (const { code, message } of parseRegistryErrors(body)) {
      expect(!UNPRINTABLE.test(code + message), 'an error is not printable')
      expect(code.length <= 64 && message.length <= 200, 'an error is too long')
    }
  },
}

export const targets: readonly Target[] = [
  reviews,
  references,
  challenges,
  dockerConfigs,
  hostsToml,
  manifests,
  registries,
]
