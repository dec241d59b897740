import type {
  BundleReading,
  CertificateStore,
  SecretReading,
  StoreWrite,
} from '../../src/certificates/certificate-store.ts'

/** An API server with one Secret and one webhook configuration, as far as resourceVersions and conflicts go. */
export interface FakeApi {
  secret: { data: Record<string, string>; version: number } | null
  /** caBundle of each webhook; null while there is no configuration. */
  configuration: { bundles: string[]; version: number } | null
  /** Called before each request; may wait, so that replicas overtake each other, or give the reason why it fails. */
  before: (call: StoreCall) => Promise<string | null>
  calls: StoreCall[]
  /** Called after each change. */
  changed: () => void
}

export type StoreCall = keyof CertificateStore

export function fakeApi(bundles: string[] | null = ['', '']): FakeApi {
  return {
    secret: null,
    configuration: bundles === null ? null : { bundles, version: 1 },
    before: async () => null,
    calls: [],
    changed() {},
  }
}

export function storeOf(api: FakeApi): CertificateStore {
  let lastVersion = 100

  async function call<T>(
    name: StoreCall,
    answer: () => T,
  ): Promise<T | { status: 'failed'; reason: string }> {
    api.calls.push(name)
    const reason = await api.before(name)
    return reason === null ? answer() : { status: 'failed', reason }
  }

  function written(): StoreWrite {
    api.changed()
    return { status: 'written' }
  }

  return {
    readSecret: () =>
      call('readSecret', (): SecretReading => {
        if (api.secret === null) return { status: 'absent' }
        const { data, version } = api.secret
        return { status: 'found', data: { ...data }, version: String(version) }
      }),
    createSecret: (data) =>
      call('createSecret', (): StoreWrite => {
        if (api.secret !== null) return { status: 'conflict' }
        api.secret = { data: { ...data }, version: (lastVersion += 1) }
        return written()
      }),
    updateSecret: (data, version) =>
      call('updateSecret', (): StoreWrite => {
        if (String(api.secret?.version) !== version) return { status: 'conflict' }
        const merged = Object.entries({ ...api.secret?.data, ...data }).filter(
          (entry): entry is [string, string] => entry[1] !== null,
        )
        const next = (api.secret?.version ?? 0) + 1
        api.secret = { data: Object.fromEntries(merged), version: next }
        return written()
      }),
    readBundle: () =>
      call('readBundle', (): BundleReading => {
        if (api.configuration === null) return { status: 'absent' }
        const { bundles, version } = api.configuration
        return { status: 'found', bundles: [...bundles], version: String(version) }
      }),
    patchBundle: (bundle, version) =>
      call('patchBundle', (): StoreWrite => {
        const { configuration } = api
        if (configuration === null || String(configuration.version) !== version)
          return { status: 'conflict' }
        api.configuration = {
          bundles: configuration.bundles.map(() => bundle),
          version: configuration.version + 1,
        }
        return written()
      }),
  }
}
