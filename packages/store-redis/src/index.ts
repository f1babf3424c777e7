/** `@tessera-auth/store-redis`: records and invalidations in Redis or Valkey. */
export { redisBus } from './redis-bus.js'
export type { RedisBusOptions } from './redis-bus.js'
export { redisStore } from './redis-store.js'
export type { RedisStoreOptions } from './redis-store.js'
export type { IoRedisClient, NodeRedisClient, RedisBusClient, RedisClient, ScriptOptions } from './redis-client.js'
