import { describe, expect, test } from 'vitest'
import { AuthError, ConfigError, OAuthResponseError, StoreError } from '../errors.js'
import { errorResponse } from './error-response.js'

const bodyOf = (error: unknown): unknown => JSON.parse(errorResponse(error)?.body ?? 'null')

describe('errorResponse', () => {
  test('has a stable code, a sentence for people, and never an inner error', () => {
    const error = new StoreError('The store failed.', { cause: new Error('password=hunter2 at 10.0.0.7') })
    expect(errorResponse(error)).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '5', 'Cache-Control': 'no-store' },
    })
    expect(errorResponse(error)?.body).not.toContain('hunter2')
  })

  test('the sentence is that of the code, whatever the error itself says', () => {
    class AppError extends AuthError {
      override readonly message = 'user 7 of shard db-3'
    }
    const unavailable = 'This cannot be answered right now. Try again in a moment.'
    expect(bodyOf(new StoreError('PostgreSQL failed (28000).'))).toEqual({
      error: { code: 'unavailable', message: unavailable },
    })
    expect(bodyOf(new AppError('not_found'))).toEqual({
      error: { code: 'not_found', message: 'There is nothing here.' },
    })
    expect(bodyOf(new AppError('unavailable', { form: 'oauth' }))).toEqual({
      error: 'unavailable',
      error_description: unavailable,
    })
  })

  test('a code that only another copy of the library knows comes with its own sentence', () => {
    const mark = Symbol.for('@tessera-auth/core/AuthError')
    const error = Object.assign(new Error('Too late.'), { [mark]: true, code: 'too_late', status: 410, details: {} })
    expect(errorResponse(error)?.status).toBe(410)
    expect(bodyOf(error)).toEqual({ error: { code: 'too_late', message: 'Too late.' } })
  })

  test('no answer is to be guessed at as another type of content, or kept', () => {
    expect(errorResponse(new AuthError('not_found'))?.headers).toEqual({
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    })
  })

  test('details stand beside the code, and cannot replace it', () => {
    const error = new AuthError('password_rejected', { reasons: ['too_short'], code: 'x', message: 'y' })
    expect(bodyOf(error)).toEqual({
      error: { code: 'password_rejected', message: 'Choose another password.', reasons: ['too_short'] },
    })
  })

  test('429 tells when to come back', () => {
    const headers = errorResponse(new AuthError('too_many_attempts', { retryAfterSeconds: 42 }))?.headers
    expect(headers?.['Retry-After']).toBe('42')
  })

  test.each([
    [new AuthError('invalid_token'), 401, 'Bearer error="invalid_token"'],
    [new AuthError('invalid_token', { presented: false }), 401, 'Bearer'],
    [
      new AuthError('insufficient_scope', { scope: 'orders:read' }),
      403,
      'Bearer error="insufficient_scope", scope="orders:read"',
    ],
    [new AuthError('invalid_client'), 401, 'Basic realm="oauth", charset="UTF-8"'],
    [new AuthError('unauthenticated'), 401, undefined],
  ])('RFC 6750 §3: %s is challenged as it should be', (error, status, challenge) => {
    const answer = errorResponse(error)
    expect([answer?.status, answer?.headers['WWW-Authenticate']]).toEqual([status, challenge])
  })

  test.each(['invalid_grant', 'invalid_client', 'invalid_scope'] as const)(
    'RFC 6749 §5.2: %s has that form',
    (code) => {
      expect(bodyOf(new AuthError(code))).toMatchObject({ error: code, error_description: expect.any(String) })
    },
  )

  test('a provider’s own text is not shown', () => {
    const error = new OAuthResponseError('server_error', '<script>alert(1)</script>')
    expect(errorResponse(error)?.body).not.toContain('script')
  })

  test.each([new Error('x'), new ConfigError('x'), null, undefined, 'x', {}])(
    'what is not an AuthError is the app’s',
    (error) => {
      expect(errorResponse(error)).toBeNull()
    },
  )
})
