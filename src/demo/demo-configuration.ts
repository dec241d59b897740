import { stringify } from 'yaml'
import type { DemoRegistry } from './demo-registry.ts'

/** The configuration of the demo's webhook: where the made-up registry names are really reached. */
export function demoConfiguration({
  endpoints,
}: Pick<DemoRegistry, 'endpoints'>): string {
  return stringify({
    mode: 'enforce',
    registries: [
      { host: 'registry.acme.test', endpoint: endpoints.public.origin },
      { host: 'private.acme.test', endpoint: endpoints.token.origin },
      { host: 'billing.acme.test', endpoint: endpoints.basic.origin },
      { host: 'limited.acme.test', endpoint: endpoints.limited.origin },
    ],
    // The token service of private.acme.test is on this machine too.
    network: { allow: ['127.0.0.1/32'] },
  })
}
