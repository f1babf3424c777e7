/** Database servers for our own tests: given by a URL, found on this machine, or started for the run. */
export { describeEngine, describeOwnRedis } from './describe-engine.js'
export { mysql } from './mysql.js'
export { postgres } from './postgres.js'
export { redis, startRedis, startRedisCluster } from './redis.js'
export type { RedisCluster, RedisServer } from './redis.js'
export { startRedisSentinel } from './redis-sentinel.js'
export type { RedisSentinel } from './redis-sentinel.js'
export { askRedis } from './redis-command.js'
