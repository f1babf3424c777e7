import { fileURLToPath } from 'node:url'
import { describeReferenceApp } from '@tessera-auth/reference-suite'

describeReferenceApp('Express on SQLite', {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: fileURLToPath(new URL('..', import.meta.url)),
})
