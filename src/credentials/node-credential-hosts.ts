import { parseUrlGlob, urlGlobMatches } from './url-glob.ts'

/**
 * Registries for which nodes of their clouds usually have credentials of their own, which we cannot see: what the credential
 * providers of AWS, Google Cloud and Azure are configured for. (pull-semantics 3.6: "any 401/403 outcome is UNKNOWN")
 */
export const NODE_CREDENTIAL_HOSTS: readonly string[] = [
  // AWS: https://github.com/kubernetes/cloud-provider-aws/tree/master/cmd/ecr-credential-provider
  '*.dkr.ecr.*.amazonaws.com',
  '*.dkr.ecr-fips.*.amazonaws.com',
  '*.dkr.ecr.*.amazonaws.com.cn',
  '*.dkr.ecr-fips.*.amazonaws.com.cn',
  '*.dkr.ecr.*.amazonaws.eu',
  '*.dkr-ecr.*.on.aws',
  '*.dkr-ecr-fips.*.on.aws',
  '*.on.amazonwebservices.com.cn',
  '*.dkr-ecr.*.on.amazonwebservices.com.cn',
  '*.dkr-ecr-fips.*.on.amazonwebservices.com.cn',
  '*.dkr.ecr.*.c2s.ic.gov',
  '*.dkr.ecr-fips.*.c2s.ic.gov',
  '*.dkr.ecr.*.sc2s.sgov.gov',
  '*.dkr.ecr-fips.*.sc2s.sgov.gov',
  '*.dkr.ecr.*.cloud.adc-e.uk',
  '*.dkr.ecr.*.csp.hci.ic.gov',
  'public.ecr.aws',
  // Google Cloud: https://github.com/kubernetes/cloud-provider-gcp/tree/master/cmd/auth-provider-gcp
  'gcr.io',
  '*.gcr.io',
  '*.pkg.dev',
  'container.cloud.google.com',
  // Azure: https://github.com/kubernetes-sigs/cloud-provider-azure/tree/master/cmd/acr-credential-provider
  '*.azurecr.io',
  '*.azurecr.cn',
  '*.azurecr.de',
  '*.azurecr.us',
]

/** Finds the pattern that a registry host (`host[:port]`) matches, or null. */
export type NodeCredentialHostMatcher = (registry: string) => string | null

/**
 * Matches by the kubelet's rules for keys: label by label, ports as text, so that `evilgcr.io` and `gcr.io.evil.io` are
 * strangers. `added` are the operator's patterns; one that is no address matches nothing.
 */
export function createNodeCredentialHostMatcher(
  added: readonly string[] = [],
): NodeCredentialHostMatcher {
  const patterns = [...added, ...NODE_CREDENTIAL_HOSTS].flatMap((pattern) => {
    const glob = parseUrlGlob(pattern)
    return glob === null || glob.path.length > 1
      ? []
      : { pattern, glob: { ...glob, path: '' } }
  })
  return (registry) => {
    const target = parseUrlGlob(registry)
    if (target === null) return null
    return patterns.find(({ glob }) => urlGlobMatches(glob, target))?.pattern ?? null
  }
}
