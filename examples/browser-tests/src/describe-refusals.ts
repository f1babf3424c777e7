/** What a form says when it was refused, and what it keeps of what was typed. */
import { setTimeout as pause } from 'node:timers/promises'
import { newEmail, newPassword } from '@tessera-auth/reference-suite'
import { describe, expect, test } from 'vitest'
import type { Subject } from './describe-pages.ts'
import { agreeAtProvider, part, signIn, signUp } from './visitor.ts'

/** Registers the suite. */
export function describeRefusals({ open, origin }: Subject): void {
  describe.each([true, false])('a form that was refused, with script: %s', (javaScriptEnabled) => {
    test('keeps the address that was typed, and not the password', async () => {
      const { page } = await open({ javaScriptEnabled })
      const email = newEmail()
      await page.goto(origin())
      await signIn(page, { email, password: newPassword() })
      await page.getByRole('alert').getByText('do not belong together').waitFor()
      await expect.poll(() => part(page, 'Sign in').getByLabel('E-mail address').inputValue()).toBe(email)
      expect(await part(page, 'Sign in').getByLabel('Password').inputValue()).toBe('')
      const other = newEmail()
      await part(page, 'New here?').getByLabel('E-mail address').fill(other)
      await part(page, 'New here?').getByLabel('Password').fill('password1')
      await part(page, 'New here?').getByRole('button').click()
      await page.getByRole('alert').getByText('most common passwords').waitFor()
      await expect.poll(() => part(page, 'New here?').getByLabel('E-mail address').inputValue()).toBe(other)
    })

    test('says so where it is seen, when an account is deleted long after the last proof', async () => {
      const { page } = await open({ javaScriptEnabled })
      await signUp(page, origin())
      await pause(2100)
      await page.getByText('I want to delete it').click()
      await page.getByRole('button', { name: 'Delete my account for good' }).click()
      const notice = page.getByRole('alert').getByText('confirm your password first')
      await notice.waitFor()
      expect(await notice.isVisible()).toBe(true)
    })

    test('asks for the provider, and not for a password, where there is none', async () => {
      const { page } = await open({ javaScriptEnabled })
      await page.goto(origin())
      await page.getByRole('link', { name: 'Sign in with the identity provider' }).click()
      await agreeAtProvider(page, newEmail())
      await page.getByRole('heading', { name: 'Your devices' }).waitFor()
      expect(await page.getByRole('link', { name: 'Connect the identity provider' }).count()).toBe(0)
      await pause(2100)
      await page.getByText('I want to delete it').click()
      await page.getByRole('button', { name: 'Delete my account for good' }).click()
      await page.getByRole('alert').getByText('sign in with the identity provider once more').waitFor()
    })
  })
}
