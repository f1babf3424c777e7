/** `@tessera-auth/next`: Tessera for Next.js 16, App Router, Node runtime. */
export { nextAdapter } from './next-adapter.js'
export type { NextAdapter } from './next-adapter.js'
