/** A platform whose time stands still until a test moves it. Randomness and digests are real; the network is closed. */
import { createHmac, hash } from 'node:crypto'
import type { Platform } from '@tessera-auth/core'

/** What a test may choose. */
export interface TestPlatformOptions {
  /** Where the clock starts, in epoch seconds. Default 1_800_000_000. */
  readonly now?: number
  /** The network. Default: every request is refused. */
  readonly fetch?: Platform['fetch']
}

/** A {@link Platform} with a clock that only a test moves. */
export interface TestPlatform extends Platform {
  /** Moves `now` and `monotonic`, and wakes the sleeps that are due, earliest first. Fractions of a second are fine. */
  advance(seconds: number): void
}

interface Sleeper {
  readonly until: number
  wake(): void
}

/**
 * Makes a platform for tests: pass it to every factory as `platform`, then `advance` instead of waiting.
 *
 * @example
 * ```ts
 * const platform = testPlatform()
 * const sessions = createSessions({ store: memoryStore({ platform }), platform })
 * platform.advance(1_801) // half an hour later
 * ```
 */
export function testPlatform(options: TestPlatformOptions = {}): TestPlatform {
  const start = (options.now ?? 1_800_000_000) * 1000
  let elapsed = 0
  let sleepers: Sleeper[] = []

  return {
    now: () => Math.floor((start + elapsed) / 1000),
    monotonic: () => elapsed,
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        if (milliseconds <= 0) resolve()
        else sleepers.push({ until: elapsed + milliseconds, wake: resolve })
      }),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sha256: (input) => hash('sha256', input, 'buffer'),
    hmacSha256: (key, input) => createHmac('sha256', key).update(input).digest(),
    fetch: options.fetch ?? refuse,
    advance(seconds) {
      if (!(seconds >= 0)) throw new RangeError('advance: time moves forward only')
      elapsed += seconds * 1000
      const due = sleepers.filter((sleeper) => sleeper.until <= elapsed)
      sleepers = sleepers.filter((sleeper) => sleeper.until > elapsed)
      for (const sleeper of due.toSorted((one, other) => one.until - other.until)) sleeper.wake()
    },
  }
}

async function refuse(url: string): Promise<Response> {
  throw new TypeError(`testPlatform: no network in tests; pass \`fetch\` to answer ${new URL(url).origin}`)
}
