/** Recipes without an adapter. */
export { createAuth } from './auth.ts'
export type { Auth, Settings } from './auth.ts'
export { createFetchApp } from './fetch-app.ts'
export { createHonoApp } from './hono-app.ts'
