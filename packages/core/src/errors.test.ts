import { describe, expect, test, vi } from 'vitest'
import { AuthError, OAuthResponseError, StoreError } from './errors.js'

describe('AuthError', () => {
  test.each(['email_taken', '', 'toString', undefined, null])(
    'refuses the code %j and says which there are',
    (code) => {
      const make = (): unknown => new AuthError(code as never)
      expect(make).toThrow(TypeError)
      expect(make).toThrow(new RegExp(`unknown code ${code};.* unauthenticated, .* unavailable$`))
    },
  )
})

describe('instanceof', () => {
  test('knows the errors of another copy of the module, by class', async () => {
    vi.resetModules()
    const twin = await import('./errors.js')
    expect(twin.AuthError).not.toBe(AuthError)
    const [auth, store, oauth] = [
      new twin.AuthError('conflict'),
      new twin.StoreError('x'),
      new twin.OAuthResponseError('x'),
    ]
    for (const error of [auth, store, oauth]) expect(error instanceof AuthError).toBe(true)
    expect([auth, store, oauth].map((error) => error instanceof StoreError)).toEqual([false, true, false])
    expect([auth, store, oauth].map((error) => error instanceof OAuthResponseError)).toEqual([false, false, true])
  })

  test.each([null, undefined, 'AuthError', {}, new Error('x'), { name: 'AuthError', code: 'conflict', status: 409 }])(
    'is false for %j',
    (value) => {
      expect(value instanceof AuthError).toBe(false)
      expect(value instanceof StoreError).toBe(false)
    },
  )

  test('of a class that an app derives is as usual', () => {
    class Derived extends AuthError {}
    expect(new Derived('conflict') instanceof AuthError).toBe(true)
    expect(new Derived('conflict') instanceof Derived).toBe(true)
    expect(new AuthError('conflict') instanceof Derived).toBe(false)
  })
})
