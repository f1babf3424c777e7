/** The bridge to the provider's API, and the provider's back channel. */
import { describe, expect, test } from 'vitest'
import { type AppProcess, withProvider } from './app-process.ts'
import { newEmail, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'
import { comeBack, signInWithProvider, signOutAtProvider, visitProvider } from './provider-visit.ts'

/** Registers the suites of the bridge and of the back channel. */
export function describeBridge(subject: Subject): void {
  describeUpstream(subject)
  describeBackChannel(subject)
}

/** The same app once more, as it would be started again. */
const again = ({ address, origin, storage, issuer }: AppProcess): Record<string, string> => ({
  PORT: new URL(address).port,
  ORIGIN: origin,
  ...storage,
  IDP_PORT: new URL(issuer).port,
})

function describeUpstream({ app, starter }: Subject): void {
  describe('GET /api/upstream', () => {
    test('answers what the provider says of the user', async () => {
      const [browser, email] = [openBrowser(app()), newEmail()]
      await signInWithProvider(app(), browser, { email })
      const answer = await browser.get('/api/upstream')
      expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ email, sub: expect.any(String) })])
    })

    test('is 404 not_connected without such a login, 401 for nobody', async () => {
      const { browser } = await signUp(app())
      const answer = await browser.get('/api/upstream')
      expect([answer.status, answer.code]).toEqual([404, 'not_connected'])
      expect((await openBrowser(app()).get('/api/upstream')).code).toBe('unauthenticated')
    })

    test('is 503 try_again while the provider is away, 409 reconnect_required when it knows nothing any more', async () => {
      const first = await starter.start(withProvider)
      const browser = openBrowser(first)
      await signInWithProvider(first, browser, { email: newEmail() })
      const begun = await browser.get('/auth/oauth/idp')
      const back = await visitProvider(first, begun.headers.get('location') ?? '', { email: newEmail() })
      await first.stop()
      const alone = await starter.start({ ...again(first), IDP_ISSUER: first.issuer, IDP_CLIENT_ID: 'example' })
      const away = await browser.get('/api/upstream')
      expect([away.status, away.code, away.headers.get('retry-after')]).toEqual([
        503,
        'try_again',
        expect.stringMatching(/^\d+$/),
      ])
      const lost = await comeBack(alone, browser, back)
      expect([lost.status, lost.headers.get('location')]).toEqual([303, '/?error=provider_error'])
      await alone.stop()
      const forgetful = await starter.start({ ...again(first), ...withProvider })
      const refused = await browser.get('/api/upstream')
      expect([refused.status, refused.code]).toEqual([409, 'reconnect_required'])
      await signInWithProvider(forgetful, browser, { email: newEmail() })
      expect((await browser.get('/api/upstream')).status).toBe(200)
      await forgetful.stop()
    })
  })
}

function describeBackChannel({ app, starter }: Subject): void {
  describe('POST /auth/backchannel-logout', () => {
    test('from the provider ends the login that was made there, and no other', async () => {
      const [browser, provider, email] = [openBrowser(app()), openBrowser(app()), newEmail()]
      await signInWithProvider(app(), browser, { email, provider })
      const elsewhere = openBrowser(app())
      await signInWithProvider(app(), elsewhere, { email })
      await signOutAtProvider(provider, app().issuer)
      await expect.poll(async () => (await browser.get('/me')).status, { timeout: 5000 }).toBe(401)
      expect((await elsewhere.get('/me')).status).toBe(200)
    })

    test.each(['', 'x', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.'])(
      'is 400 in the spec’s form for the token [%s]',
      async (token) => {
        const sent = { form: { logout_token: token }, site: null }
        const answer = await openBrowser(app()).request('POST', '/auth/backchannel-logout', sent)
        expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_request'])
      },
    )

    test('is 400 in the spec’s form for no token at all', async () => {
      for (const sent of [{ form: {} }, { json: {} }, { json: { logout_token: [] } }, {}]) {
        const answer = await openBrowser(app()).request('POST', '/auth/backchannel-logout', { ...sent, site: null })
        expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_request'])
      }
    })

    test('is in the spec’s form too for what cannot be read, and while the provider is away', async () => {
      const json = { 'content-type': 'application/json' }
      const unread = await openBrowser(app()).request('POST', '/auth/backchannel-logout', { raw: '{', headers: json })
      expect([unread.status, unread.body['error']]).toEqual([400, 'invalid_request'])
      const alone = await starter.start({
        IDP_ISSUER: 'http://localhost:9',
        IDP_CLIENT_ID: 'a',
        IDP_CLIENT_SECRET: 'b',
      })
      const sent = { form: { logout_token: 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA' }, site: null }
      const answer = await openBrowser(alone).request('POST', '/auth/backchannel-logout', sent)
      expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_request'])
      await alone.stop()
    })
  })
}
