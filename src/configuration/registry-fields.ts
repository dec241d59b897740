import { defaultRegistrySettings } from '../registry/registry-settings-for.ts'
import type { RegistrySettings } from '../registry/registry-settings.ts'
import { boolean, file } from './kinds.ts'
import { endpointUrl, registryHost } from './network-kinds.ts'
import {
  listOf,
  map,
  optional,
  required,
  unset,
  type Kind,
  type Values,
} from './schema.ts'

const fields = {
  host: required(
    registryHost,
    '',
    'The registry, exactly as image references name it, without wildcards; docker.io for Docker Hub.',
  ),
  endpoint: unset(
    endpointUrl,
    'Where that host is really reached, for hosts without a hosts.toml. It may be an address that the connect-time guard refuses otherwise.',
    'https://<host>',
  ),
  caFile: unset(
    file,
    "PEM file with certificate authorities that are trusted beside the system's, for this host and for the token service that it announces.",
  ),
  clientCertFile: unset(
    file,
    'PEM file with the client certificate for this host and its token service.',
  ),
  clientKeyFile: unset(file, 'PEM file with the key of clientCertFile.'),
  plainHttp: optional(
    boolean,
    false,
    'Speak plain HTTP with this host and with the token service that it announces.',
  ),
  skip: optional(boolean, false, 'Never contacted, always allowed.'),
  proxy: optional(
    boolean,
    false,
    'A pull-through proxy (Nexus, Artifactory, a Harbor cache): its 404 and 401 only warn.',
  ),
  mirrored: optional(
    boolean,
    false,
    'Nodes reach it through mirrors that Pullgate is not shown: failures of the origin only warn.',
  ),
  allowManifestGets: unset(
    boolean,
    'Whether a manifest may be fetched with GET where HEAD does not tell enough. Docker Hub counts each GET as a pull, so none is sent there unless this is true.',
    'true; false for docker.io',
  ),
}

type Entry = Values<typeof fields>

const entry: Kind<Entry> = map(fields, (values, report) => {
  if (values.clientCertFile !== null && values.clientKeyFile === null) {
    report('clientCertFile', 'needs clientKeyFile beside it')
  }
  if (values.clientKeyFile !== null && values.clientCertFile === null) {
    report('clientKeyFile', 'needs clientCertFile beside it')
  }
})

/** What the operator says about registries; a host may stand there once. */
export const registryEntries: Kind<Entry[]> = listOf(entry, (entries, report) => {
  const seen = new Set<string>()
  for (const [index, { host }] of entries.entries()) {
    if (host !== '' && seen.has(host)) report(index, `${host} is already in the list`)
    seen.add(host)
  }
})

/** The settings of one entry; manifest GETs count against a quota where the operator does not say that they are allowed. */
export function toRegistrySettings(values: Entry): RegistrySettings {
  const { allowManifestGets, ...settings } = values
  const { countsManifestGets } = defaultRegistrySettings(values.host)
  return {
    ...settings,
    countsManifestGets:
      allowManifestGets === null ? countsManifestGets : !allowManifestGets,
  }
}
