/** Session data: the app's own JSON, checked by the app's own parser on the way in and out. */
import { ConfigError } from '../errors.js'
import { requireMethods } from '../internal/options.js'
import type { SessionData } from './session.js'

/** Most characters of data as JSON; records go up to 1 MiB in every store. */
const mostLength = 512 * 1024

/** How session data is stored and read. */
export interface DataCodec<Data> {
  /** Data as it may be stored; throws what the parser throws, and `TypeError` for what is not JSON or too large. */
  encode(data: Data): unknown
  /** Data of its own for every caller; `null` where the parser refused what was stored. */
  decode(stored: unknown): { readonly data: Data } | null
  /** A fresh copy of what a session starts with. */
  initial(): Data
}

/**
 * Throws `TypeError` for what is no data at all, as a function that changes data may return it: nothing, or a promise, of
 * which JSON would be `{}`.
 */
export function requireData(data: unknown): void {
  if (data === undefined) throw new TypeError('Session data must be JSON: received undefined.')
  if (typeof (data as { then?: unknown } | null)?.then !== 'function') return
  throw new TypeError('Session data must be JSON: received a promise. A function that changes data cannot be async.')
}

/** The codec of an app that keeps data. Throws `ConfigError` for options that cannot work. */
export function createDataCodec<Data>(options: SessionData<Data>): DataCodec<Data> {
  requireMethods('data', options, ['parse'])
  const initial = JSON.stringify(options.initial)
  if (initial === undefined) throw new ConfigError('data.initial: expected JSON, received what JSON cannot write')
  try {
    options.parse(JSON.parse(initial))
  } catch (cause) {
    throw new ConfigError('data.initial: expected what data.parse accepts, and it threw', { cause })
  }
  return {
    encode(data) {
      requireData(data)
      const text = JSON.stringify(data)
      if (text === undefined) throw new TypeError('Session data must be JSON.')
      if (text.length > mostLength) throw new TypeError(`Session data is at most ${mostLength} characters of JSON.`)
      const stored: unknown = JSON.parse(text)
      options.parse(JSON.parse(text))
      return stored
    },
    decode(stored) {
      if (stored === undefined) return { data: JSON.parse(initial) as Data }
      try {
        // What was stored is JSON, for which this is a copy, and much faster than `structuredClone`.
        return { data: options.parse(JSON.parse(JSON.stringify(stored))) }
      } catch {
        return null
      }
    },
    initial: () => JSON.parse(initial) as Data,
  }
}
