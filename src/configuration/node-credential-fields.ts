import type {
  NodeCredentialSettings,
  NodeCredentialSources,
  NodePoolCredentials,
} from '../prediction/prediction-settings.ts'
import type { ConfigNode } from './config-node.ts'
import { boolean, file, labels } from './kinds.ts'
import { map, optional, unset, type Kind, type Values } from './schema.ts'

const fields = {
  nodeSelector: optional(
    labels,
    {},
    'Only nodes with these labels have the credentials; they count for a Pod that can land on no other.',
    'every node',
  ),
  dockerConfigFile: unset(file, 'A docker config.json as the nodes have it.'),
  complete: optional(
    boolean,
    false,
    'You vouch that dockerConfigFile is all that the nodes have: a refusal of it is conclusive then.',
  ),
  credentialProviderConfig: unset(
    file,
    "The kubelet's CredentialProviderConfig file, the same that the nodes use.",
  ),
  credentialProviderBinDir: unset(
    file,
    'The directory with the plugins that credentialProviderConfig names.',
  ),
  learn: optional(
    boolean,
    true,
    'Learn from running Pods for which registries the nodes have credentials of their own; off for all once it is off in one entry.',
  ),
}

type Entry = Values<typeof fields>

const entry: Kind<Entry> = map(fields, (values, report) => {
  const { complete, dockerConfigFile } = values
  const { credentialProviderConfig, credentialProviderBinDir } = values
  if (complete && dockerConfigFile === null) {
    report('complete', 'says something about dockerConfigFile, which is not set')
  }
  if (credentialProviderConfig !== null && credentialProviderBinDir === null) {
    report('credentialProviderConfig', 'needs credentialProviderBinDir beside it')
  }
  if (credentialProviderBinDir !== null && credentialProviderConfig === null) {
    report('credentialProviderBinDir', 'needs credentialProviderConfig beside it')
  }
})

export const noNodeCredentials: NodeCredentialSettings = {
  dockerConfigFile: null,
  complete: false,
  credentialProviderConfig: null,
  credentialProviderBinDir: null,
  learn: true,
}

/** One map for every node, or a list of maps of which one at most is without a nodeSelector. */
export const nodeCredentials: Kind<NodeCredentialSettings> = {
  type: 'map, or list of maps',
  inside: { suffix: '', fields },
  read(node, path, context) {
    const items: readonly [ConfigNode, string][] =
      node.kind === 'list'
        ? node.items.map((item, index) => [item, `${path}[${index}]`])
        : [[node, path]]
    const entries: Entry[] = []
    let isTaken = false
    for (const [item, place] of items) {
      const read = entry.read(item, place, context)
      if (read === undefined) return undefined
      const isForEvery = Object.keys(read.nodeSelector).length === 0
      if (isForEvery && isTaken) {
        const message = 'is the second entry without a nodeSelector; write both into one'
        context.report(item.position, place, message)
      }
      isTaken ||= isForEvery
      entries.push(read)
    }
    return settingsOf(entries)
  },
}

function settingsOf(entries: readonly Entry[]): NodeCredentialSettings {
  const pools = entries
    .filter(({ nodeSelector }) => Object.keys(nodeSelector).length > 0)
    .map(poolOf)
  const everyNode = entries.find(
    ({ nodeSelector }) => Object.keys(nodeSelector).length === 0,
  )
  return {
    ...sourcesOf(everyNode ?? noNodeCredentials),
    learn: entries.every(({ learn }) => learn),
    ...(pools.length === 0 ? {} : { pools }),
  }
}

function poolOf(each: Entry): NodePoolCredentials {
  return { nodeSelector: each.nodeSelector, ...sourcesOf(each) }
}

function sourcesOf(from: NodeCredentialSources): NodeCredentialSources {
  const { dockerConfigFile, complete } = from
  const { credentialProviderConfig, credentialProviderBinDir } = from
  return {
    dockerConfigFile,
    complete,
    credentialProviderConfig,
    credentialProviderBinDir,
  }
}
