/** Tokens for APIs. */
import { describe, expect, test } from 'vitest'
import { canaries } from './app-process.ts'
import { type Answer, openBrowser, type Person, signInElsewhere, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suites of tokens. */
export function describeTokens(subject: Subject): void {
  describeIssue(subject)
  describeRefresh(subject)
  describeRevoke(subject)
  describeIntrospect(subject)
  describeApi(subject)
}

interface Pair {
  readonly access_token: string
  readonly refresh_token: string
}

async function pairOf({ browser }: Person, scope?: string): Promise<Pair> {
  const answer = await browser.post('/auth/token', scope === undefined ? undefined : { scope })
  if (answer.status !== 200) throw new Error(`/auth/token answered ${answer.status}: ${answer.text}`)
  return answer.body as unknown as Pair
}

function describeIssue({ app }: Subject): void {
  describe('POST /auth/token', () => {
    test('answers a token response with all scopes where none is named', async () => {
      const { browser } = await signUp(app())
      const answer = await browser.post('/auth/token')
      expect(answer.body).toEqual({
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'Bearer',
        expires_in: 300,
        refresh_token: expect.any(String),
        scope: 'profile orders:read',
      })
    })

    test('takes the scopes that are named', async () => {
      const { browser } = await signUp(app())
      expect((await browser.post('/auth/token', { scope: 'orders:read' })).body).toMatchObject({ scope: 'orders:read' })
    })

    test.each(['', ' ', 'admin', 'profile admin', 'profile  orders:read', 'PROFILE', '"'])(
      'is 400 invalid_scope for the scope [%s]',
      async (scope) => {
        const { browser } = await signUp(app())
        const answer = await browser.post('/auth/token', { scope })
        expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_scope'])
      },
    )

    test('is 401 in the app’s own shape for nobody, also with an access token', async () => {
      const { access_token } = await pairOf(await signUp(app()))
      const headers = { authorization: `Bearer ${access_token}` }
      const answer = await openBrowser(app()).request('POST', '/auth/token', { headers })
      expect([answer.status, answer.body]).toEqual([
        401,
        { error: { code: 'unauthenticated', message: expect.any(String) } },
      ])
    })
  })
}

function describeRefresh({ app }: Subject): void {
  const refresh = (token: unknown): Promise<Answer> =>
    openBrowser(app()).post('/auth/token/refresh', { refresh_token: token })

  describe('POST /auth/token/refresh', () => {
    test('answers the same refresh token inside the retry window, to all of a race', async () => {
      const { refresh_token } = await pairOf(await signUp(app()))
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refresh_token)))
      for (const { status, body } of answers) {
        expect(status).toBe(200)
        expect(body).toMatchObject({ refresh_token, token_type: 'Bearer', scope: 'profile orders:read' })
      }
    })

    test('takes a form as well', async () => {
      const { refresh_token } = await pairOf(await signUp(app()))
      const answer = await openBrowser(app()).request('POST', '/auth/token/refresh', { form: { refresh_token } })
      expect(answer.status).toBe(200)
    })

    test.each(['', 'x', 'a.b.c', 'x'.repeat(5000)])('refuses what is no refresh token of ours: %#', async (token) => {
      const answer = await refresh(token)
      expect(answer.status).toBe(400)
      expect(['invalid_grant', 'invalid_request']).toContain(answer.body['error'])
    })

    test('refuses an access token', async () => {
      const { access_token } = await pairOf(await signUp(app()))
      expect((await refresh(access_token)).body).toMatchObject({ error: 'invalid_grant' })
    })

    test('refuses one that was changed by a letter, and ends nothing by that', async () => {
      const { refresh_token } = await pairOf(await signUp(app()))
      const changed = refresh_token.slice(0, -1) + (refresh_token.endsWith('A') ? 'B' : 'A')
      expect((await refresh(changed)).code).toBe('invalid_grant')
      expect((await refresh(refresh_token)).status).toBe(200)
    })

    test('is invalid_grant once the login has ended, however it did', async () => {
      for (const end of ['sign-out', 'list']) {
        const person = await signUp(app())
        const { refresh_token } = await pairOf(person)
        if (end === 'sign-out') await person.browser.post('/auth/sign-out')
        else await (await signInElsewhere(app(), person)).delete(`/sessions/${person.sessionId}`)
        expect((await refresh(refresh_token)).body, end).toMatchObject({ error: 'invalid_grant' })
      }
    })
  })
}

function describeRevoke({ app }: Subject): void {
  describe('POST /auth/token/revoke', () => {
    test('revokes an access token, and only that', async () => {
      const person = await signUp(app())
      const { access_token, refresh_token } = await pairOf(person)
      expect((await openBrowser(app()).post('/auth/token/revoke', { token: access_token })).status).toBe(200)
      const headers = { authorization: `Bearer ${access_token}` }
      expect((await person.browser.get('/api/profile', { headers })).status).toBe(401)
      expect((await openBrowser(app()).post('/auth/token/refresh', { refresh_token })).status).toBe(200)
    })

    test('of a refresh token takes its access tokens along, and leaves the session alone', async () => {
      const person = await signUp(app())
      const { access_token, refresh_token } = await pairOf(person)
      await openBrowser(app()).request('POST', '/auth/token/revoke', { form: { token: refresh_token } })
      const headers = { authorization: `Bearer ${access_token}` }
      expect((await person.browser.get('/api/profile', { headers })).status).toBe(401)
      expect((await openBrowser(app()).post('/auth/token/refresh', { refresh_token })).code).toBe('invalid_grant')
      expect((await person.browser.get('/me')).status).toBe(200)
    })

    test.each(['x', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.'])('is 200 for an unknown token: %s', async (token) => {
      expect((await openBrowser(app()).post('/auth/token/revoke', { token })).status).toBe(200)
    })
  })
}

function describeIntrospect({ app, starter }: Subject): void {
  const basic = (secret: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`monitor:${secret}`).toString('base64')}`,
  })
  const introspect = (token: string, headers = basic(canaries.introspectionSecret)): Promise<Answer> =>
    openBrowser(app()).request('POST', '/auth/token/introspect', { form: { token }, headers })

  describe('POST /auth/token/introspect', () => {
    test('tells whether a token is active, and whose', async () => {
      const person = await signUp(app())
      const { access_token, refresh_token } = await pairOf(person, 'profile')
      for (const token of [access_token, refresh_token]) {
        expect((await introspect(token)).body).toMatchObject({ active: true, sub: person.id, scope: 'profile' })
      }
      await person.browser.post('/auth/sign-out')
      for (const token of [access_token, refresh_token, 'unknown']) {
        expect((await introspect(token)).body).toEqual({ active: false })
      }
    })

    test('is 401 for callers who do not authenticate, and tells nothing', async () => {
      const { access_token } = await pairOf(await signUp(app()))
      const wrong = [{}, basic('wrong'), { authorization: 'Basic x' }, { authorization: `Bearer ${access_token}` }]
      for (const headers of wrong as Record<string, string>[]) {
        const answer = await introspect(access_token, headers)
        expect(answer.status).toBe(401)
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
        expect(answer.text).not.toContain('active')
      }
    })

    test('is not there where no caller is configured', async () => {
      const own = await starter.start({ INTROSPECTION_CLIENT: '', INTROSPECTION_SECRET: '' })
      const answer = await openBrowser(own).request('POST', '/auth/token/introspect', { form: { token: 'x' } })
      expect(answer.status).toBe(404)
      await own.stop()
    })
  })
}

function describeApi({ app }: Subject): void {
  const profile = (authorization?: string): Promise<Answer> =>
    openBrowser(app()).get('/api/profile', authorization === undefined ? {} : { headers: { authorization } })

  describe('GET /api/profile', () => {
    test('answers whose token it is', async () => {
      const person = await signUp(app())
      const { access_token } = await pairOf(person)
      expect((await profile(`Bearer ${access_token}`)).body).toMatchObject({
        sub: person.id,
        scope: 'profile orders:read',
      })
    })

    test('is 401 with the scheme for nobody; a cookie is no token', async () => {
      const { browser } = await signUp(app())
      for (const answer of [await profile(), await browser.get('/api/profile')]) {
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Bearer/)])
      }
    })

    test('is 401 invalid_token for anything that was not issued here', async () => {
      const { access_token, refresh_token } = await pairOf(await signUp(app()))
      const [head = '', payload = '', signature = ''] = access_token.split('.')
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
      const changed = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
      for (const token of [
        'x',
        refresh_token,
        `${none}.${payload}.`,
        `${head}.${payload}.${changed}`,
        `${head}.${payload}`,
        `${access_token}.`,
      ]) {
        const answer = await profile(`Bearer ${token}`)
        expect([answer.status, answer.code], token).toEqual([401, 'invalid_token'])
        expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
      }
    })

    test('is 403 insufficient_scope without the scope', async () => {
      const { access_token } = await pairOf(await signUp(app()), 'orders:read')
      const answer = await profile(`Bearer ${access_token}`)
      expect([answer.status, answer.code]).toEqual([403, 'insufficient_scope'])
      expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    })

    test('is 401 as soon as the login has ended', async () => {
      const person = await signUp(app())
      const { access_token } = await pairOf(person)
      await person.browser.post('/auth/sign-out')
      expect((await profile(`Bearer ${access_token}`)).status).toBe(401)
    })

    test('keys are public, and only their public parts', async () => {
      await pairOf(await signUp(app()))
      const { body, headers } = await openBrowser(app()).get('/.well-known/jwks.json')
      expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+$/)
      const keys = body['keys'] as Record<string, unknown>[]
      expect(keys.length).toBeGreaterThan(0)
      for (const key of keys) {
        expect(key).toMatchObject({ kid: expect.any(String), kty: expect.any(String) })
        for (const secret of ['d', 'p', 'q', 'k', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(secret)
      }
    })
  })
}
