/** `@tessera-auth/core/store`: the storage contract, a store in memory, and the cache. */
export type { Entry, Store } from './store.js'
export { memoryStore } from './memory-store.js'
export { cachedStore } from './cached-store.js'
export type { CachedStore, CachedStoreOptions } from './cached-store.js'
export type { InvalidationBus } from './invalidation-bus.js'
export { ConfigError, StoreError } from '../errors.js'
