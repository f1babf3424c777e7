import { fileURLToPath } from 'node:url'
import { describeBehindNginx } from './describe-behind-nginx.ts'
import { describePages } from './describe-pages.ts'

const fastify = {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: fileURLToPath(new URL('../../fastify/', import.meta.url)),
}

describePages('Fastify', fastify)
describeBehindNginx('Fastify', fastify)
