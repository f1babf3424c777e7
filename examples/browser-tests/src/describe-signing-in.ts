/** Signing up, in and out, by password and with the provider. */
import { newEmail, newPassword } from '@tessera-auth/reference-suite'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Subject } from './describe-pages.ts'
import { agreeAtProvider, part, signIn, signInAt, signOutButton, signUp } from './visitor.ts'

/** Registers the suite. */
export function describeSigningIn({ open, origin }: Subject): void {
  describe('signing in', () => {
    test('a new account is signed in, survives a reload, and is signed out by its button', async () => {
      const { page, context } = await open()
      const { email } = await signUp(page, origin())
      await page.reload()
      await page.getByRole('heading', { name: email }).waitFor()
      const [cookie] = await context.cookies()
      expect(cookie).toMatchObject({ name: 'session', httpOnly: true, sameSite: 'Lax', path: '/' })
      await signOutButton(page).click()
      await page.getByRole('heading', { name: 'Welcome' }).waitFor()
      expect(await context.cookies()).toEqual([])
    })

    test('a wrong password is told as an alert, and signs nobody in', async () => {
      const { page, context } = await open()
      const { email } = await signUp(page, origin())
      await signOutButton(page).click()
      await page.getByRole('heading', { name: 'Welcome' }).waitFor()
      await signIn(page, { email, password: newPassword() })
      await page.getByRole('alert').getByText('do not belong together').waitFor()
      expect(await context.cookies()).toEqual([])
    })

    test('a password that is too common is refused with the reason', async () => {
      const { page } = await open()
      await page.goto(origin())
      const form = part(page, 'New here?')
      await form.getByLabel('E-mail address').fill(newEmail())
      await form.getByLabel('Password').fill('password1')
      await form.getByRole('button').click()
      await page.getByRole('alert').getByText('most common passwords').waitFor()
    })

    test('the back button after signing out shows nothing private', async () => {
      const { page } = await open()
      const { email } = await signUp(page, origin())
      await page.goto(`${origin()}/?again`)
      await signOutButton(page).click()
      await page.getByRole('heading', { name: 'Welcome' }).waitFor()
      await page.goBack()
      await page.getByRole('heading', { name: 'Welcome' }).waitFor()
      expect(await page.content()).not.toContain(email)
    })

    test('signing out in one tab ends the other one too', async () => {
      const { page, context } = await open()
      await signUp(page, origin())
      const other = await context.newPage()
      await other.goto(origin())
      await signOutButton(page).click()
      await page.getByRole('heading', { name: 'Welcome' }).waitFor()
      await part(other, 'Your devices').getByRole('button').first().click()
      await other.getByRole('heading', { name: 'Welcome' }).waitFor()
    })

    test('with the provider in two tabs at once: both come to their end', async () => {
      const { page, context } = await open()
      const [other, email] = [await context.newPage(), newEmail()]
      for (const tab of [page, other]) await tab.goto(origin())
      for (const tab of [page, other]) {
        await tab.getByRole('link', { name: 'Sign in with the identity provider' }).click()
        await tab.waitForURL((url) => url.origin !== origin())
      }
      await agreeAtProvider(page, email)
      await page.getByRole('heading', { name: email }).waitFor()
      // The provider knows this browser by now, and may not ask again.
      await other.getByRole('textbox').fill(email)
      await other.keyboard.press('Enter')
      await Promise.race([
        other.getByRole('heading', { name: email }).waitFor(),
        other.getByRole('button', { name: /allow/i }).click(),
      ])
      await other.getByRole('heading', { name: email }).waitFor()
    })

    test('all of it works by keyboard alone', async () => {
      const { page, context } = await open()
      const account = await signUp(page, origin())
      await context.clearCookies()
      await page.goto(origin())
      for (const text of [account.email, account.password]) {
        await page.keyboard.press('Tab')
        await page.keyboard.type(text)
      }
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: account.email }).waitFor()
      await tabTo(page, signOutButton(page))
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Welcome' }).waitFor()
    })

    test('all of it works without JavaScript', async () => {
      const { page } = await open({ javaScriptEnabled: false })
      const account = await signUp(page, origin())
      await signOutButton(page).click()
      await page.getByRole('heading', { name: 'Welcome' }).waitFor()
      await signIn(page, { ...account, password: 'wrong' })
      await page.getByRole('alert').waitFor()
      await signInAt(page, origin(), account)
    })
  })
}

// From where the focus is, which after a page that was only changed is in its middle; past the end it begins anew.
async function tabTo(page: Page, button: Locator): Promise<void> {
  for (let presses = 0; presses < 50; presses += 1) {
    if (await button.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error('the button cannot be reached by keyboard')
}
