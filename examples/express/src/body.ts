/** Reading bodies: JSON within a bound, and the fields that a route needs. */
import { AuthError } from '@tessera-auth/core'
import express, { type Request, type RequestHandler } from 'express'
import { AppError } from './app-error.ts'

/** Octets; more is 413. */
const limit = 65_536

const json = express.json({ limit, type: 'application/json' })
const form = express.urlencoded({ limit, extended: false, parameterLimit: limit })

/** Takes JSON only. A request with any other body is 415. */
export const jsonBody: RequestHandler = reading(json, ['application/json'])

/** Takes HTML forms only. */
export const formBody: RequestHandler = reading(form, ['application/x-www-form-urlencoded'])

/** Takes both, as OAuth endpoints do. */
export const jsonOrFormBody: RequestHandler = (request, response, next) => {
  const handler = request.is('application/x-www-form-urlencoded') ? formBody : jsonBody
  return handler(request, response, next)
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

function reading(parse: RequestHandler, types: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (hasBody(request) && !(request.is([...types]) && isUtf8(request)))
      throw new AppError('unsupported_media_type', { accepts: types })
    return parse(request, response, next)
  }
}

function isUtf8({ headers }: Request): boolean {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  return /^utf-?8$/i.test(charset)
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
