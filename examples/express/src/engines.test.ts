import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { describeEngine, mysql, postgres, redis } from '@tessera-auth/engines'
import { describeReferenceAppOn } from '@tessera-auth/reference-suite'
import { Redis } from 'ioredis'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'

const command = {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: fileURLToPath(new URL('..', import.meta.url)),
}
const database = `reference_${randomBytes(6).toString('hex')}`

describeEngine(postgres, (url) => {
  describeReferenceAppOn('Express on PostgreSQL', command, async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`create database ${database}`)
    return {
      variable: 'DATABASE_URL',
      url: withPath(url, database),
      usualPort: 5432,
      async close() {
        await client.query(`drop database ${database} with (force)`)
        await client.end()
      },
    }
  })
})

describeEngine(mysql, (url) => {
  describeReferenceAppOn('Express on MySQL', command, async () => {
    const client = await createConnection(url)
    await client.query(`create database ${database}`)
    return {
      variable: 'DATABASE_URL',
      url: withPath(url, database),
      usualPort: 3306,
      async close() {
        await client.query(`drop database ${database}`)
        await client.end()
      },
    }
  })
})

describeEngine(redis, (url) => {
  describeReferenceAppOn('Express with Redis', command, async () => {
    const client = new Redis(withPath(url, '13'))
    return {
      variable: 'REDIS_URL',
      url: withPath(url, '13'),
      usualPort: 6379,
      async close() {
        await client.flushdb()
        client.disconnect()
      },
    }
  })
})

function withPath(url: string, path: string): string {
  return new URL(`/${path}`, url).href
}
