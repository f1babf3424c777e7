/** What a body says: an object, and the fields of it that a route needs. */
import { AuthError } from '@tessera-auth/core'

/** Whether a body with these headers is read here: UTF-8, and not compressed. */
export function isPlainText(contentType = '', contentEncoding = 'identity'): boolean {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8'
  return /^utf-?8$/i.test(charset) && contentEncoding.toLowerCase() === 'identity'
}

/** A JSON body. `invalid_request` for anything but an object: fields of it may be missing, and a list has none. */
export function parseJson(text: string): object {
  const value = valueOf(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new AuthError('invalid_request')
}

/** A form. A field that comes twice is none (RFC 6749 §3.2). */
export function parseForm(text: string): object {
  const fields = new Map<string, string | null>()
  for (const [name, value] of new URLSearchParams(text)) fields.set(name, fields.has(name) ? null : value)
  return Object.fromEntries(fields)
}

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

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AuthError('invalid_request')
  }
}
