/** Where records live: the app's database, or Redis with a cache before it. */
import { cachedStore, type Store } from '@tessera-auth/core'
import { type Config, withSetting } from './config.ts'
import { type Database, openDatabase } from './database.ts'
import { createUsers, type Users } from './users.ts'

/** Everything that is kept. */
export interface Stores {
  readonly store: Store
  readonly users: Users
  close(): Promise<void>
}

/** Opens the stores and makes what is missing in them. */
export async function openStores(config: Config): Promise<Stores> {
  const database = await withSetting('DATABASE_URL', 'a database that answers', () => openDatabase(config.database))
  const users = createUsers(database)
  await withSetting('DATABASE_URL', 'a database that answers and takes tables', async () => {
    await users.migrate()
    if (config.redisUrl === null) await database.store.migrate()
  })
  if (config.redisUrl === null) {
    return { store: database.store, users, close: () => database.close() }
  }
  return openWithRedis(config.redisUrl, { database, users, maxStalenessSeconds: config.maxStalenessSeconds })
}

async function openWithRedis(
  url: string,
  { database, users, maxStalenessSeconds }: { database: Database; users: Users; maxStalenessSeconds: number },
): Promise<Stores> {
  const [{ redisBus, redisStore }, { Redis }] = await Promise.all([
    import('@tessera-auth/store-redis'),
    import('ioredis'),
  ])
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    connectTimeout: 5000,
    commandTimeout: 5000,
    socketTimeout: 3000, // a connection that fell silent is given up
  })
  redis.on('error', () => {}) // it connects again by itself; requests in between are answered 503
  await withSetting('REDIS_URL', 'a server that answers', () => redis.connect())
  // ioredis goes on in database 0 where there is no such one.
  const { db = 0 } = redis.options
  if (db !== 0) await withSetting('REDIS_URL', 'a database that the server has', () => redis.select(db))
  const bus = redisBus(redis)
  const store = cachedStore(redisStore(redis, { bus }), { bus, maxStalenessSeconds })
  return {
    store,
    users,
    async close() {
      await store.close()
      redis.disconnect()
      await database.close()
    },
  }
}
