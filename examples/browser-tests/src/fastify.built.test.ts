import { describeBehindNginx } from './describe-behind-nginx.ts'
import { describePages } from './describe-pages.ts'

const fastify = {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: new URL('../../fastify/', import.meta.url).pathname,
}

describePages('Fastify', fastify)
describeBehindNginx('Fastify', fastify)
