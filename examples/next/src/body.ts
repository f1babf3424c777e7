/** The fields of a body that a route needs. */
import { AuthError } from '@tessera-auth/core'

/** A text field of a body; `invalid_request` where it is missing or something else. */
export function textField(body: unknown, field: string): string {
  const value = fieldOf(body, field)
  if (typeof value === 'string') return value
  throw new AuthError('invalid_request', { field })
}

/** A text field that may be missing. */
export function optionalTextField(body: unknown, field: string): string | undefined {
  return fieldOf(body, field) === undefined ? undefined : textField(body, field)
}

/** A yes or no that may be missing. */
export function optionalFlag(body: unknown, field: string): boolean | undefined {
  const value = fieldOf(body, field)
  if (value === undefined || typeof value === 'boolean') return value
  throw new AuthError('invalid_request', { field })
}

/** A list of texts. */
export function textListField(body: unknown, field: string): string[] {
  const value = fieldOf(body, field)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new AuthError('invalid_request', { field })
}

function fieldOf(body: unknown, field: string): unknown {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, field)) return undefined
  return (body as Record<string, unknown>)[field]
}
