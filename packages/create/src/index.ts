/** `@tessera-auth/create`: what `npm create @tessera-auth@latest` does, as a function. */
export { writeStarter } from './starter.js'
export type { StarterOptions } from './starter.js'
export { databases, frameworks } from './choices.js'
export type { Database, Framework } from './choices.js'
