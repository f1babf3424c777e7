/** The page at `/`. */
import { describe, expect, test } from 'vitest'
import { openBrowser, signUp } from './browser.ts'
import type { Subject } from './describe-reference-app.ts'

/** Registers the suite of the page. */
export function describePage({ app }: Subject): void {
  describe('GET /', () => {
    test('offers sign-up, sign-in and the provider to a stranger, without script', async () => {
      const { status, headers, text } = await openBrowser(app()).get('/')
      expect(status).toBe(200)
      expect(headers.get('content-type')).toContain('text/html')
      expect(text.match(/type="password"/g)?.length).toBeGreaterThanOrEqual(2)
      expect(text).toContain('href="/auth/oauth/idp"')
      expect(text).toMatch(/<html lang="en"/)
    })

    test('shows who is signed in, each device with a button of its own name, and a token that works', async () => {
      const { browser, email, sessionId } = await signUp(app())
      const { text } = await browser.get('/')
      expect(text).toContain(email)
      expect(text).toContain(sessionId)
      const token = /[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/.exec(text)?.[0]
      const headers = { authorization: `Bearer ${token}` }
      expect((await openBrowser(app()).get('/api/profile', { headers })).status).toBe(200)
    })

    test('has a title of its own, as has the page of an unknown path', async () => {
      const { browser } = await signUp(app())
      const titleOf = (text: string): string | undefined => /<title>([^<]*)<\/title>/.exec(text)?.[1]
      expect(titleOf((await openBrowser(app()).get('/')).text)).toBe('Sign in · Tessera example')
      expect(titleOf((await browser.get('/')).text)).toBe('Your account · Tessera example')
      const unknown = await browser.get('/nowhere', { headers: { accept: 'text/html' } })
      expect(titleOf(unknown.text)).toBe('Not found · Tessera example')
    })

    test('never shows what stands in the address or was typed as markup', async () => {
      const mark = '"><script>alert(1)</script>'
      for (const path of [`/?error=${encodeURIComponent(mark)}`, `/?error=constructor`, `/?error=a&error=b`]) {
        const { status, text } = await openBrowser(app()).get(path)
        expect(status).toBe(200)
        expect(text).not.toContain('<script>alert')
        expect(text).not.toContain('native code')
      }
    })

    test('shows a sentence, never a code, for every error that a sign-in can come back with', async () => {
      const plain = (await openBrowser(app()).get('/')).text
      for (const code of [
        'access_denied',
        'provider_error',
        'transaction_missing',
        'callback_rejected',
        'link_refused',
      ]) {
        const { text } = await openBrowser(app()).get(`/?error=${code}`)
        expect(text.length, code).toBeGreaterThan(plain.length)
        // Frameworks may hand the address to their scripts; people read the rest.
        expect(text.replaceAll(/<script\b.*?<\/script>/gs, '')).not.toContain(code)
      }
    })
  })
}
