/** A process's copy of what all processes share: how old it may be, and how one knows that something is not in it. */
import type { Platform } from '../platform.js'

/** The copy, and three ways to it. Each rejects where its read does. */
export interface KeptCopy<Copy> {
  /** One that is young enough; no promise where it is at hand. */
  current(): Copy | Promise<Copy>
  /** One whose read starts after this call; shared by all who ask before it starts. */
  fresh(): Promise<Copy>
  /** The same at a pace that strangers cannot set: after a few at once at most one read in a second, for which all wait. */
  confirmed(): Promise<Copy>
}

const paceMilliseconds = 1000
/** So many are not waited for, after as many seconds without one. */
const mostAtOnce = 5

/** Keeps the copy that `read` gives; `readAt` is when its read started, on the monotonic clock. One read at a time. */
export function keepCopy<Copy extends { readonly readAt: number }>(
  platform: Platform,
  maxAgeSeconds: number,
  read: () => Promise<Copy>,
): KeptCopy<Copy> {
  let copy: Copy | null = null
  let running: Promise<Copy> | null = null
  let next: Promise<Copy> | null = null
  let paced: Promise<Copy> | null = null
  let spare = mostAtOnce
  let pacedAt = 0

  async function start(): Promise<Copy> {
    try {
      copy = await read()
      return copy
    } finally {
      running = null
    }
  }

  async function afterRunning(): Promise<Copy> {
    // At least one turn, in which `next` is set; and another read may have started before this turn came.
    do await running?.catch(() => undefined)
    while (running)
    next = null
    running = start()
    return running
  }

  async function afterPause(): Promise<Copy> {
    refill()
    await (spare < 1 ? platform.sleep((1 - spare) * paceMilliseconds) : undefined)
    refill()
    spare -= 1
    paced = null
    return fresh()
  }

  function refill(): void {
    const now = platform.monotonic()
    spare = Math.min(mostAtOnce, spare + (now - pacedAt) / paceMilliseconds)
    pacedAt = now
  }

  function fresh(): Promise<Copy> {
    next ??= afterRunning()
    return next
  }

  return {
    current() {
      if (copy && platform.monotonic() - copy.readAt < maxAgeSeconds * 1000) return copy
      running ??= start()
      return running
    },
    fresh,
    confirmed() {
      paced ??= afterPause()
      return paced
    },
  }
}
