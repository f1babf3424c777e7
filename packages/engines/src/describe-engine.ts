/** A suite that needs an engine, and what is said where there is none. */
import { describe, expect, test } from 'vitest'
import { type Engine, engineUrl } from './engine.js'

/**
 * Registers a suite on an engine. Where the engine is not run, that is said by name and remedy; with `CI=true` it fails.
 */
export function describeEngine(engine: Engine, suite: (url: string) => void): void {
  const url = engineUrl(engine)
  if (url !== null) {
    describe(`on ${engine.name}`, () => suite(url))
    return
  }
  const title = `${engine.name} IS NOT RUN: ${engine.remedy}`
  if (process.env.CI) test(title, () => expect.fail(title))
  else test.skip(title, () => {})
}
