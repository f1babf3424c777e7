/** Signing in with the identity provider, linking, and the bridge to its API. */
import { describe, expect, test } from 'vitest'
import { type Answer, newEmail, newPassword, openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'
import { comeBack, signInWithProvider, visitProvider } from './provider-visit.ts'

/** Registers the suites of sign-in with the provider. */
export function describeOAuth(subject: Subject): void {
  describeStart(subject)
  describeFinish(subject)
  describeLinking(subject)
}

const landing = ({ status, headers }: Answer): unknown => [status, headers.get('location')]

function describeStart({ app, starter }: Subject): void {
  describe('GET /auth/oauth/idp', () => {
    test('sends the browser to the provider, with PKCE, state and nonce', async () => {
      const answer = await openBrowser(app()).get('/auth/oauth/idp')
      expect(answer.status).toBe(303)
      const { searchParams } = new URL(answer.headers.get('location') ?? '')
      expect(Object.fromEntries(searchParams)).toMatchObject({
        response_type: 'code',
        code_challenge_method: 'S256',
        code_challenge: expect.any(String),
        state: expect.any(String),
        nonce: expect.any(String),
        redirect_uri: `${app().origin}/auth/oauth/idp/callback`,
      })
    })

    test.each(['cross-site', 'same-site'] as const)('is 403 csrf_rejected when the visitor comes %s', async (site) => {
      const answer = await openBrowser(app()).get('/auth/oauth/idp', { site })
      expect([answer.status, answer.code, answer.cookies]).toEqual([403, 'csrf_rejected', []])
    })

    test('goes back to the page when the provider cannot be reached', async () => {
      const own = await starter.start({ IDP_ISSUER: 'http://localhost:9', IDP_CLIENT_ID: 'nobody' })
      expect(landing(await openBrowser(own).get('/auth/oauth/idp'))).toEqual([303, '/?error=provider_error'])
      await own.stop()
    })
  })
}

function describeFinish({ app }: Subject): void {
  describe('GET /auth/oauth/idp/callback', () => {
    test('makes an account for a new identity, signs in, and goes where it was asked to', async () => {
      const browser = openBrowser(app())
      const email = newEmail()
      const answer = await signInWithProvider(app(), browser, { email, returnTo: '/cart?from=idp' })
      expect(landing(answer)).toEqual([303, '/cart?from=idp'])
      const me = await browser.get('/me')
      expect(me.body).toMatchObject({ user: { email }, session: { current: true } })
      expect((me.body['session'] as { methods: string[] }).methods).toContain('fed')
    })

    test('signs in to the same account the next time', async () => {
      const [one, other, email] = [openBrowser(app()), openBrowser(app()), newEmail()]
      await signInWithProvider(app(), one, { email })
      await signInWithProvider(app(), other, { email })
      expect((await other.get('/me')).body['user']).toEqual((await one.get('/me')).body['user'])
    })

    test('carries the cart of an anonymous visitor over', async () => {
      const browser = openBrowser(app())
      await browser.put('/cart', { items: ['apple'] })
      await signInWithProvider(app(), browser, { email: newEmail() })
      expect((await browser.get('/cart')).body).toEqual({ items: ['apple'] })
      expect(browser.jar.has('anonymous')).toBe(false)
    })

    test.each([
      '//evil.example',
      'https://evil.example/',
      '/\\evil.example',
      'javascript:alert(1)',
      '\t//evil.example',
      `/${'é'.repeat(500)}`,
    ])('never goes to another origin, nor to what is no page: %s', async (returnTo) => {
      const browser = openBrowser(app())
      expect(landing(await signInWithProvider(app(), browser, { email: newEmail(), returnTo }))).toEqual([303, '/'])
    })

    test('goes back to the page with a sentence when the person says no', async () => {
      const browser = openBrowser(app())
      const answer = await signInWithProvider(app(), browser, { email: newEmail(), answer: 'deny' })
      expect(landing(answer)).toEqual([303, '/?error=access_denied'])
      expect((await browser.get('/me')).status).toBe(401)
      const page = await browser.get('/?error=access_denied')
      expect(page.text).not.toBe((await browser.get('/')).text)
    })

    test('refuses an answer that was not begun in this browser', async () => {
      const begun = await openBrowser(app()).get('/auth/oauth/idp')
      const back = await visitProvider(app(), begun.headers.get('location') ?? '', { email: newEmail() })
      const victim = openBrowser(app())
      expect(landing(await comeBack(app(), victim, back))).toEqual([303, '/?error=transaction_missing'])
      expect(victim.jar.has('session')).toBe(false)
    })

    test('finishes for an answer that comes as a form, too', async () => {
      const browser = openBrowser(app())
      const begun = await browser.get('/auth/oauth/idp?returnTo=/cart')
      const back = await visitProvider(app(), begun.headers.get('location') ?? '', { email: newEmail() })
      const form = Object.fromEntries(new URL(back).searchParams)
      const answer = await browser.request('POST', '/auth/oauth/idp/callback', { form })
      expect(landing(answer)).toEqual([303, '/cart'])
      expect((await browser.get('/me')).status).toBe(200)
    })

    test('takes an answer once', async () => {
      const browser = openBrowser(app())
      const begun = await browser.get('/auth/oauth/idp')
      const cookies = new Map(browser.jar)
      const back = await visitProvider(app(), begun.headers.get('location') ?? '', { email: newEmail() })
      expect((await comeBack(app(), browser, back)).headers.get('location')).toBe('/')
      const again = openBrowser(app())
      for (const [name, value] of cookies) again.jar.set(name, value)
      await comeBack(app(), again, back)
      expect((await again.get('/me')).status).toBe(401)
    })

    test('is not used up by HEAD, as a preview of the link would send it', async () => {
      const browser = openBrowser(app())
      const begun = await browser.get('/auth/oauth/idp')
      const back = await visitProvider(app(), begun.headers.get('location') ?? '', { email: newEmail() })
      const previewed = await browser.request('HEAD', new URL(back).pathname + new URL(back).search)
      expect(previewed.cookies).toEqual([])
      expect((await comeBack(app(), browser, back)).headers.get('location')).toBe('/')
      expect((await browser.get('/me')).status).toBe(200)
    })

    test('lets two tabs of one browser both come to their end', async () => {
      const browser = openBrowser(app())
      const email = newEmail()
      const tabs = [
        await browser.get('/auth/oauth/idp?returnTo=/one'),
        await browser.get('/auth/oauth/idp?returnTo=/two'),
      ]
      for (const [index, tab] of tabs.entries()) {
        const back = await visitProvider(app(), tab.headers.get('location') ?? '', { email })
        expect(landing(await comeBack(app(), browser, back))).toEqual([303, index === 0 ? '/one' : '/two'])
      }
      expect((await browser.get('/me')).status).toBe(200)
    })

    test.each([
      '',
      '?code=x',
      '?state=x',
      '?code=x&state=y',
      '?error=access_denied',
      '?code=x&code=y&state=z',
      '?state[a]=b',
    ])('answers 303 to the page for what is no answer: %s', async (query) => {
      const answer = await openBrowser(app()).get(`/auth/oauth/idp/callback${query}`, { site: 'cross-site' })
      expect(answer.status).toBe(303)
      expect(answer.headers.get('location')).toMatch(/^\/\?error=[a-z_]+$/)
      const posted = await openBrowser(app()).request('POST', '/auth/oauth/idp/callback', {
        form: { code: 'x', state: 'y' },
        site: 'cross-site',
      })
      expect(posted.status).toBe(303)
    })
  })
}

function describeLinking({ app }: Subject): void {
  describe('an identity that is new here', () => {
    test('is not connected to an account whose address nobody proved', async () => {
      const { email } = await signUp(app())
      const stranger = openBrowser(app())
      const answer = await signInWithProvider(app(), stranger, { email })
      expect(landing(answer)).toEqual([303, '/?error=link_refused'])
      expect((await stranger.get('/me')).status).toBe(401)
    })

    test('is connected to who is signed in recently, and signs in as them from then on', async () => {
      const person = await signUp(app())
      const email = newEmail()
      await signInWithProvider(app(), person.browser, { email })
      expect((await person.browser.get('/me')).body).toMatchObject({ user: { id: person.id } })
      const elsewhere = openBrowser(app())
      await signInWithProvider(app(), elsewhere, { email })
      expect((await elsewhere.get('/me')).body).toMatchObject({ user: { id: person.id } })
    })

    test('of somebody else’s account signs in as that account, and carries no data over', async () => {
      const [owner, person, email] = [openBrowser(app()), await signUp(app()), newEmail()]
      await signInWithProvider(app(), owner, { email })
      await person.browser.put('/cart', { items: ['secret'] })
      await signInWithProvider(app(), person.browser, { email })
      const [me, cart] = [await person.browser.get('/me'), await person.browser.get('/cart')]
      expect(me.body['user']).toEqual((await owner.get('/me')).body['user'])
      expect(cart.body).toEqual({ items: [] })
    })

    test('is free again when the account is removed', async () => {
      const [browser, email] = [openBrowser(app()), newEmail()]
      await signInWithProvider(app(), browser, { email })
      const before = (await browser.get('/me')).body['user']
      expect((await browser.delete('/account')).status).toBe(204)
      await signInWithProvider(app(), browser, { email })
      const after = (await browser.get('/me')).body['user']
      expect(after).toMatchObject({ email })
      expect(after).not.toEqual(before)
    })

    test('gives its account no password: none signs in to it', async () => {
      const [browser, email] = [openBrowser(app()), newEmail()]
      await signInWithProvider(app(), browser, { email })
      for (const password of ['', 'null', newPassword()]) {
        expect((await openBrowser(app()).post('/auth/sign-in', { email, password })).status).toBe(401)
      }
      const taken = await openBrowser(app()).post('/auth/sign-up', { email, password: newPassword() })
      expect(taken.code).toBe('email_taken')
    })
  })
}
