/** The scenario as a script: a rejection ends it with an error. */
import { scenario } from './scenario.ts'

await scenario()
