/** A suite that needs an engine, and what is said where there is none. */
import { describe, expect, test } from 'vitest'
import { type Engine, engineUrl } from './engine.js'
import { canStartRedis } from './redis.js'

/**
 * Registers a suite on an engine. Where the engine is not run, that is said by name and remedy; with `CI=true` it fails.
 */
export function describeEngine(engine: Engine, suite: (url: string) => void): void {
  const url = engineUrl(engine)
  if (url !== null) {
    describe(`on ${engine.name}`, () => suite(url))
    return
  }
  reportNotRun(`${engine.name} IS NOT RUN: ${engine.remedy}`)
}

/** Registers a suite that starts and stops Redis servers of its own, under the same rule. */
export function describeOwnRedis(suite: () => void): void {
  if (canStartRedis()) describe('on Redis servers of its own', suite)
  else reportNotRun('Redis servers of its own ARE NOT RUN: install it (Debian: apt-get install redis-server)')
}

function reportNotRun(title: string): void {
  if (process.env.CI) test(title, () => expect.fail(title))
  else test.skip(title, () => {})
}
