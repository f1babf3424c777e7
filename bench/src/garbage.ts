/** Garbage of a preparation, collected while something else is measured, would be counted as a part of it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Collects all garbage now. */
export const collectGarbage = runInNewContext('gc') as () => void
