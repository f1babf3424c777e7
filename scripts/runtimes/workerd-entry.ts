/** The scenario as a test of a worker. */
import { scenario } from './scenario.ts'

export default { test: scenario }
