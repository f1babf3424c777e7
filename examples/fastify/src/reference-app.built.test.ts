import { fileURLToPath } from 'node:url'
import { describeReferenceApp } from '@tessera-auth/reference-suite'

describeReferenceApp('Fastify on SQLite', {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: fileURLToPath(new URL('..', import.meta.url)),
})
