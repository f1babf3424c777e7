/** Checks of options, at construction. Each names the option, what was expected, and the type received. */
import { ConfigError } from '../errors.js'

/** Bounds of a number option, and what it is when it is not named. */
interface NumberRule {
  readonly default: number
  readonly min: number
  readonly max: number
  /** In words, for the message: 'seconds', 'entries' … */
  readonly unit: string
}

/** A whole number within bounds, or the default where it is not named. */
export function wholeNumber(option: string, value: unknown, rule: NumberRule): number {
  if (value === undefined) return rule.default
  if (Number.isSafeInteger(value) && (value as number) >= rule.min && (value as number) <= rule.max) {
    return value as number
  }
  throw expected(option, `a whole number of ${rule.unit} from ${rule.min} to ${rule.max}`, value)
}

/** Whole seconds within bounds, or the default where they are not named. */
export function seconds(option: string, value: unknown, rule: Omit<NumberRule, 'unit'>): number {
  return wholeNumber(option, value, { ...rule, unit: 'seconds' })
}

/** An object that has all these methods. */
export function requireMethods(option: string, value: unknown, methods: readonly string[]): void {
  const found = value as Record<string, unknown> | null | undefined
  const missing = methods.filter((method) => typeof found?.[method] !== 'function')
  if (missing.length > 0) throw expected(option, `an object with the methods ${methods.join(', ')}`, value)
}

/** A non-empty text. */
export function requireText(option: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw expected(option, 'a text that is not empty', value)
}

/** A function, or nothing. */
export function optionalFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw expected(option, 'a function', value)
}

/** A switch, off where it is not named. The text 'false' of an environment variable is not one. */
export function optionalFlag(option: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  throw expected(option, 'true or false', value)
}

/** A list of some of these texts, empty where it is not named. */
export function listOf(option: string, value: unknown, known: Iterable<string>): readonly string[] {
  const names = [...known]
  if (value === undefined) return []
  if (Array.isArray(value) && value.every((item): item is string => names.includes(item))) return value
  throw expected(option, `a list of some of ${names.join(', ')}`, value)
}

/** The error for an option that is not what it should be. It tells the type received, never the value. */
export function expected(option: string, what: string, received: unknown): ConfigError {
  return new ConfigError(`${option}: expected ${what}, received ${typeName(received)}`)
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return `the number ${value}`
  if (value === '') return 'an empty text'
  return typeof value === 'object' ? 'an object' : typeof value
}
