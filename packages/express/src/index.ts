/** `@tessera-auth/express`: Tessera for Express 5. */
export { expressAdapter } from './express-adapter.js'
export type { ExpressAdapter } from './express-adapter.js'
