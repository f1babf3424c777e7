/** What can be seen, and read aloud. */
import { mkdirSync } from 'node:fs'
import { newEmail, newPassword } from '@tessera-auth/reference-suite'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Subject } from './describe-pages.ts'
import { signIn, signUp } from './visitor.ts'

/** Where pictures go that somebody wants to look at. */
const pictures = process.env['SCREENSHOTS']

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true })
}

/** The lightness that a colour has, 0 to 1. */
async function groundOf(page: Page): Promise<number> {
  const colour = await page.locator('body').evaluate((body) => getComputedStyle(body).backgroundColor)
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number)
  return (red + green + blue) / 765
}

/** Controls that a screen reader would call by nothing. */
function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    Array.from(document.querySelectorAll<HTMLElement>('input:not([type=hidden]), button, a, select, textarea'))
      .filter((control) => {
        const labels = 'labels' in control ? Array.from(control.labels as NodeListOf<HTMLElement>) : []
        const names = [
          control.getAttribute('aria-label'),
          control.textContent,
          ...labels.map((label) => label.textContent),
        ]
        return !names.some((name) => name?.trim())
      })
      .map((control) => control.outerHTML),
  )
}

/** Registers the suite. */
export function describeAppearance({ open, origin }: Subject): void {
  describe('the page', () => {
    test('fits 320 pixels, signed out and in', async () => {
      const { page } = await open({ viewport: { width: 320, height: 640 } })
      const overflow = (): Promise<number> =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      await page.goto(origin())
      await picture(page, 'narrow')
      expect(await overflow()).toBe(0)
      await signUp(page, origin())
      await picture(page, 'narrow-signed-in')
      expect(await overflow()).toBe(0)
    })

    test('is dark where people want it dark, and light elsewhere', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await open({ colorScheme })
        await page.goto(origin())
        await picture(page, colorScheme)
        expect((await groundOf(page)) > 0.5).toBe(colorScheme === 'light')
        await signUp(page, origin())
        await picture(page, `${colorScheme}-signed-in`)
      }
    })

    // Next sends a title after the page that it belongs to.
    test('has a title of its own, without script too', async () => {
      for (const javaScriptEnabled of [true, false]) {
        const { page } = await open({ javaScriptEnabled })
        await page.goto(origin())
        await expect.poll(() => page.title()).toBe('Sign in · Tessera example')
        await signUp(page, origin())
        await expect.poll(() => page.title()).toBe('Your account · Tessera example')
        await page.goto(`${origin()}/nowhere`)
        await expect.poll(() => page.title()).toBe('Not found · Tessera example')
      }
    })

    test('of the local provider is dark where people want it dark, and has controls that can be hit', async () => {
      const { page } = await open({ colorScheme: 'dark' })
      await page.goto(`${origin()}/auth/oauth/idp`)
      const text = await page.locator('h1').evaluate((heading) => getComputedStyle(heading).color)
      expect(text).toBe('rgb(255, 255, 255)')
      for (const control of await page.locator('input, button').all()) {
        expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(44)
      }
    })

    test('leaves room below what it says', async () => {
      const { page } = await open()
      await page.goto(origin())
      await signIn(page, { email: newEmail(), password: newPassword() })
      const notice = page.locator('.notice') // Next has an alert of its own, without a text
      const below = await notice.evaluate((element) => {
        const next = element.nextElementSibling?.getBoundingClientRect().top ?? 0
        return next - element.getBoundingClientRect().bottom
      })
      expect(below).toBeGreaterThanOrEqual(16)
    })

    test('has a name for every control, one main part, one first heading, and a language', async () => {
      const { page } = await open()
      const check = async (): Promise<void> => {
        expect(await nameless(page)).toEqual([])
        expect(await page.getByRole('main').count()).toBe(1)
        expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
        expect(await page.locator('html').getAttribute('lang')).toBe('en')
      }
      await page.goto(origin())
      await check()
      await signUp(page, origin())
      await check()
    })

    test('loads nothing from elsewhere, and breaks no policy of its own', async () => {
      const { page } = await open()
      const [elsewhere, complaints]: [string[], string[]] = [[], []]
      page.on('request', (request) => {
        if (!request.url().startsWith(origin()) && !request.url().startsWith('data:')) elsewhere.push(request.url())
      })
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(error.message))
      await signUp(page, origin())
      expect([elsewhere, complaints]).toEqual([[], []])
    })
  })
}
