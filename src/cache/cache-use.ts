/** An answer came from memory, or did so once more while it is asked for again, was joined while under way, or was asked for. */
export type CacheUse = 'hit' | 'stale' | 'shared' | 'miss'
