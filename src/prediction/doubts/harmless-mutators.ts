import { matchesGlob } from '../../text/glob.ts'
import type { MutatingWebhookFacts } from '../cluster-facts.ts'

/**
 * Mutating webhooks that handle Pods but leave the images of existing containers and the pull secrets alone, by the name of
 * their configuration. What they add (sidecars, volumes, environment) does not change whether the object's own images pull.
 * Istio's injector is not among them: its template may add imagePullSecrets, which switches those of the service account off.
 */
const BUILT_IN: readonly string[] = [
  'pod-identity-webhook', // EKS: environment and volumes for IAM roles
  'azure-wi-webhook-mutating-webhook-configuration', // Azure workload identity: environment and volumes
  'linkerd-proxy-injector-webhook-config', // adds the proxy container
  'linkerd-tap-injector-webhook-config', // environment of the proxy
  'vault-agent-injector-cfg', // adds agent containers
  'vpa-webhook-config', // resources only
  'aws-load-balancer-webhook', // readiness gates
  'pod-ready.config.common-webhooks.networking.gke.io', // readiness gates
  'consul-connect-injector', // adds the proxy containers
  'opentelemetry-operator-mutating-webhook-configuration', // adds init containers and environment
  'cert-manager-webhook', // certificates only
]

/** Names of the webhooks that may still change an image or a pull secret, for messages: `configuration/webhook`. */
export function riskyMutators(
  webhooks: readonly MutatingWebhookFacts[],
  configured: readonly string[],
): string[] {
  const patterns = [...BUILT_IN, ...configured]
  return webhooks
    .filter(({ handlesPods }) => handlesPods)
    .filter(
      ({ configuration, webhook }) =>
        !patterns.some(
          (pattern) =>
            matchesGlob(pattern, configuration) || matchesGlob(pattern, webhook),
        ),
    )
    .map(({ webhook }) => webhook)
}
