import { describeReferenceApp } from '@tessera-auth/reference-suite'

describeReferenceApp('Fastify on SQLite', {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: new URL('..', import.meta.url).pathname,
})
