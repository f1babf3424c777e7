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
