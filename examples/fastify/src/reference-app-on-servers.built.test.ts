import { fileURLToPath } from 'node:url'
import { describeEngine, describeOwnRedis, postgres } from '@tessera-auth/engines'
import { describeReferenceApp, openServerStorage } from '@tessera-auth/reference-suite'

const command = {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: fileURLToPath(new URL('..', import.meta.url)),
}

describeEngine(postgres, (url) => {
  describeOwnRedis(() => {
    describeReferenceApp('Fastify on PostgreSQL and Redis', command, () => openServerStorage(url))
  })
})
