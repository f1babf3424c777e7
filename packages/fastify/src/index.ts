/** `@tessera-auth/fastify`: Tessera for Fastify 5. */
export { fastifyAdapter } from './fastify-adapter.js'
export type { FastifyAdapter } from './fastify-adapter.js'
