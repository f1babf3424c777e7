import { describeEngine, describeOwnRedis, postgres } from '@tessera-auth/engines'
import { describeReferenceApp, openServerStorage } from '@tessera-auth/reference-suite'

const command = { program: process.execPath, args: ['src/server.ts'], cwd: new URL('..', import.meta.url).pathname }

describeEngine(postgres, (url) => {
  describeOwnRedis(() => {
    describeReferenceApp('Express on PostgreSQL and Redis', command, () => openServerStorage(url))
  })
})
