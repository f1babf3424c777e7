import { fileURLToPath } from 'node:url'
import { describeBehindNginx } from './describe-behind-nginx.ts'
import { describePages } from './describe-pages.ts'

const next = {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: fileURLToPath(new URL('../../next/', import.meta.url)),
}

describePages('Next.js', next)
describeBehindNginx('Next.js', next)
