import { storeRepositories } from '../../src/demo/registry-images.ts'
import type { DemoImage } from '../../src/demo/registry-images.ts'
import { startDockerRegistry } from '../support/docker-registry.ts'
import type { DockerRegistry } from '../support/docker-registry.ts'
import { startTokenServer } from '../support/token-server.ts'
import type { Teardown, TokenServer } from '../support/token-server.ts'
import { startLink } from './link.ts'
import type { Link } from './link.ts'

/** Tags of every repository. More than are remembered in the time that they are told for. */
export const TAGS = 200
export const PASSWORD = 'right'

export interface Registries {
  /** Everyone may pull. `team/app` is a single image, `team/multi` an index. */
  open: DockerRegistry
  tokens: TokenRegistry
  /** For whom tokens are not the matter. */
  steadyTokens: TokenRegistry
}

/** `team/app` is only for the user `ann`, `team/open` for everyone. */
export interface TokenRegistry {
  registry: DockerRegistry
  server: TokenServer
  /** The way to the token service. */
  link: Link
}

/** Real docker-registries, with the same images. */
export async function startRegistries(t: Teardown): Promise<Registries> {
  const open = await startDockerRegistry(t)
  await pushMany(open, 'team/app', single)
  await pushMany(open, 'team/multi', index)
  return { open, tokens: await withTokens(t), steadyTokens: await withTokens(t) }
}

const single: DemoImage = { kind: 'image', platform: 'linux/amd64' }
const index: DemoImage = { kind: 'index', platforms: ['linux/amd64', 'linux/arm64'] }

async function withTokens(t: Teardown): Promise<TokenRegistry> {
  const server = await startTokenServer(t, {
    users: { ann: { password: PASSWORD, pull: ['team/app'] } },
    public: ['team/open'],
  })
  const link = await startLink(t, Number(new URL(server.realm).port))
  const realm = `http://127.0.0.1:${link.port}/token`
  const registry = await startDockerRegistry(t, { auth: { token: { ...server, realm } } })
  await pushMany(registry, 'team/app', single)
  await pushMany(registry, 'team/open', single)
  return { registry, server, link }
}

async function pushMany(
  registry: DockerRegistry,
  repository: string,
  image: DemoImage,
): Promise<void> {
  const root = await registry.push(repository, 'v0', image)
  const made = storeRepositories({ [repository]: { tags: { v0: image } } })
  const manifest = made.get(repository)?.manifests.get(root)
  if (manifest === undefined) throw new Error(`nothing made for ${repository}`)
  const tags = Array.from({ length: TAGS - 1 }, (_, at) => `v${at + 1}`)
  await Promise.all(tags.map((tag) => registry.pushManifest(repository, tag, manifest)))
}
