import type { Guise } from './registry-guises.ts'
import type { DemoImage, DemoRepository } from './registry-images.ts'
import type { DemoUsers } from './registry-users.ts'

const everywhere: DemoImage = {
  kind: 'index',
  platforms: ['linux/amd64', 'linux/arm64'],
  attestation: true,
}

const releases = {
  '1.26.3': everywhere,
  '1.27': everywhere,
  '1.27.7': everywhere,
  latest: everywhere,
}

/** What the demo pulls from. */
export const DEMO_CONTENT: Record<Guise, Record<string, DemoRepository>> = {
  public: {
    'team/web': { tags: releases },
    'team/single': { tags: { '1.0': { kind: 'image', platform: 'linux/amd64' } } },
    'team/mainframe': { tags: { '1.0': { kind: 'index', platforms: ['linux/s390x'] } } },
    'team/desktop': { tags: { '1.0': { kind: 'index', platforms: ['windows/amd64'] } } },
  },
  token: {
    'team/open': { public: true, tags: releases },
    'team/api': { tags: { '2.0': everywhere, '2.1': everywhere } },
  },
  basic: {
    'team/billing': { tags: { '3.0': everywhere, '3.1': everywhere } },
  },
  limited: {
    'team/popular': { tags: releases },
  },
}

/** `deployer` may pull everything, `intern` nothing that is private. Not secrets: they open nothing but the demo. */
export const DEMO_USERS: DemoUsers = {
  deployer: { password: 'correct-horse', repositories: 'all' },
  intern: { password: 'battery-staple', repositories: ['team/open'] },
}
