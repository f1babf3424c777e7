/** Checks of options, at construction. Each names the option, what was expected, and the type received. */
import { ConfigError } from '@tessera-auth/core/http'

/** Bounds of a number option, and what it is when it is not named. */
export interface NumberRule {
  readonly default: number
  readonly min: number
  readonly max: number
  /** In words, for the message: 'KiB', 'passes' … */
  readonly unit: string
}

/** A whole number within bounds, or the default where it is not named. */
export function wholeNumber(option: string, value: unknown, rule: NumberRule): number {
  if (value === undefined) return rule.default
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= rule.min && value <= rule.max) return value
  throw expected(option, `a whole number of ${rule.unit} from ${rule.min} to ${rule.max}`, value)
}

/** The error for an option that is not what it should be. It tells the type received, never a text. */
export function expected(option: string, what: string, received: unknown): ConfigError {
  const type = received === null ? 'null' : Array.isArray(received) ? 'an array' : typeof received
  return new ConfigError(`${option}: expected ${what}, received ${type === 'number' ? `the number ${received}` : type}`)
}
