/** What people do on the pages: the same words whatever framework wrote them. */
import { newEmail, newPassword } from '@tessera-auth/reference-suite'
import type { Locator, Page } from 'playwright-core'

/** An account as its owner knows it. */
export interface Account {
  readonly email: string
  readonly password: string
}

/** The part of a page under a heading, as a screen reader finds it. */
export function part(page: Page, name: string): Locator {
  return page.getByRole('region', { name, exact: true })
}

/** Makes an account through the form. */
export async function signUp(page: Page, origin: string): Promise<Account> {
  const account = { email: newEmail(), password: newPassword() }
  await page.goto(origin)
  await fill(part(page, 'New here?'), account)
  await part(page, 'New here?').getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { name: account.email }).waitFor()
  return account
}

/** Fills the sign-in form in and sends it. */
export async function signIn(page: Page, account: Account): Promise<void> {
  await fill(part(page, 'Sign in'), account)
  await part(page, 'Sign in').getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Signs in, and waits until the page shows it. */
export async function signInAt(page: Page, origin: string, account: Account): Promise<void> {
  await page.goto(origin)
  await signIn(page, account)
  await page.getByRole('heading', { name: account.email }).waitFor()
}

/** The button in the head of the page. */
export function signOutButton(page: Page): Locator {
  return page.getByRole('banner').getByRole('button', { name: 'Sign out', exact: true })
}

/** Signs in at the local identity provider and agrees, from its first page on. */
export async function agreeAtProvider(page: Page, email: string): Promise<void> {
  await page.getByRole('textbox').fill(email)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /allow/i }).click()
}

async function fill(form: Locator, { email, password }: Account): Promise<void> {
  await form.getByLabel('E-mail address').fill(email)
  await form.getByLabel('Password').fill(password)
}
