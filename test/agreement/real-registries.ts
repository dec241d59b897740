import { startDockerRegistry } from '../support/docker-registry.ts'
import type { DockerRegistry } from '../support/docker-registry.ts'
import { startTokenServer } from '../support/token-server.ts'
import type { Teardown } from '../support/token-server.ts'
import { makeContent } from './image-content.ts'
import type { Scenario } from './scenario.ts'
import { users } from './scenario.ts'

/** Debian's docker-registry in three guises: open, htpasswd behind TLS, and tokens. */
export interface RealRegistries {
  /** Pushes what the scenario wants to be there. */
  serve(
    scenario: Scenario,
    repository: string,
  ): Promise<{ url: string; caFile: string | null; digest: string }>
}

/** Starts those that the scenarios want; null when none does. */
export async function startRealRegistries(
  t: Teardown,
  scenarios: readonly Scenario[],
): Promise<RealRegistries | null> {
  if (scenarios.every(({ real }) => real === undefined)) return null
  const publicRepositories = scenarios.flatMap(({ real }, index) =>
    real?.public ? [`real-${index + 1}/app`] : [],
  )
  const tokenServer = await startTokenServer(t, {
    users: {
      alice: { password: users.alice, pull: ['*'] },
      bob: { password: users.bob, pull: publicRepositories },
    },
    public: publicRepositories,
  })
  const registries: Record<'open' | 'basic' | 'token', DockerRegistry> = {
    open: await startDockerRegistry(t),
    basic: await startDockerRegistry(t, { auth: { htpasswd: users }, tls: true }),
    token: await startDockerRegistry(t, { auth: { token: tokenServer } }),
  }
  return {
    async serve({ name, real, tag = '1.0' }, repository) {
      const registry = registries[real?.guise ?? 'open']
      const { url, caFile } = registry
      const holds = real?.holds === undefined ? { kind: 'image' as const } : real.holds
      if (holds === null) return { url, caFile, digest: '' }
      const content = makeContent(holds, `${repository} ${name}`)
      for (const bytes of content.blobs.values())
        await registry.pushBlob(repository, bytes)
      for (const [digest, manifest] of content.manifests)
        await registry.pushManifest(
          repository,
          digest === content.root ? tag : digest,
          manifest,
        )
      return { url, caFile, digest: content.root }
    },
  }
}
