/** Two browsers of one person. */
import { newPassword } from '@tessera-auth/reference-suite'
import { describe, expect, test } from 'vitest'
import type { Subject } from './describe-pages.ts'
import { part, signInAt, signUp } from './visitor.ts'

/** Registers the suite. */
export function describeDevices({ open, origin }: Subject): void {
  describe('a second browser', () => {
    test('is in the list under its own name, and can be signed out from the first', async () => {
      const { page } = await open()
      const account = await signUp(page, origin())
      const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
      const { page: other } = await open({ userAgent })
      await signInAt(other, origin(), account)
      await page.reload()
      const devices = part(page, 'Your devices')
      expect(await devices.getByRole('listitem').count()).toBe(2)
      await devices.getByRole('button', { name: /^Sign out Firefox/ }).click()
      await expect.poll(() => devices.getByRole('listitem').count()).toBe(1)
      await other.reload()
      await other.getByRole('heading', { name: 'Welcome' }).waitFor()
    })

    test('is signed out by changing the password, and this one is not', async () => {
      const { page } = await open()
      const account = await signUp(page, origin())
      const { page: other } = await open()
      await signInAt(other, origin(), account)
      await page.reload()
      expect(await part(page, 'Your devices').getByRole('listitem').count()).toBe(2)
      const form = part(page, 'Change password')
      const password = newPassword()
      await form.getByLabel('Current password').fill(account.password)
      await form.getByLabel('New password').fill(password)
      await form.getByRole('button').click()
      await expect.poll(() => part(page, 'Your devices').getByRole('listitem').count()).toBe(1)
      await other.reload()
      await other.getByRole('heading', { name: 'Welcome' }).waitFor()
      await signInAt(other, origin(), { ...account, password })
    })
  })
}
