/** Whether something that is good once has been seen before, by any process. */
import { type Platform, sha256Text } from '../platform.js'
import { createRecords } from '../store/records.js'
import type { Store } from '../store/store.js'

/** Remembers what was seen. May throw `StoreError`: what cannot be known is not let through. */
export interface ReplayGuard {
  /** Whether this call is the first with that name. One atomic insert; remembered until `until`, in epoch seconds. */
  isFirst(name: string, until: number): Promise<boolean>
}

/** Makes the guard of one kind of record. */
export function createReplayGuard(store: Store, platform: Platform, kind: string): ReplayGuard {
  const records = createRecords<true>(store, platform, { kind, decode: () => true, unreadable: 'error' })
  return {
    isFirst: (name, until) =>
      records.insertOnce({ key: sha256Text(platform, name), owner: null, expiresAt: Math.ceil(until), value: true }),
  }
}
