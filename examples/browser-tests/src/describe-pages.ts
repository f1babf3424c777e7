/** The pages of one framework's reference app, in a real browser. */
import { type AppCommand, type AppProcess, type AppStarter, createStarter } from '@tessera-auth/reference-suite'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, hasChromium, startChromium } from './chromium.ts'
import { describeAppearance } from './describe-appearance.ts'
import { describeDevices } from './describe-devices.ts'
import { describeRefusals } from './describe-refusals.ts'
import { describeSigningIn } from './describe-signing-in.ts'

/** What every part is given. */
export interface Subject {
  origin(): string
  /** A browser profile of its own, with one tab; closed after all. */
  open(settings?: Parameters<Browser['newContext']>[0]): Promise<{ context: BrowserContext; page: Page }>
}

/** Registers them. Without Chromium that is said; with `CI=true` it fails. */
export function describePages(name: string, command: AppCommand): void {
  if (hasChromium) return register(name, command)
  const title = `the pages on ${name} ARE NOT LOOKED AT: install Chromium, or set CHROMIUM_PATH; not found: ${chromiumPath}`
  if (process.env['CI']) test(title, () => expect.fail(title))
  else test.skip(title, () => {})
}

function register(name: string, command: AppCommand): void {
  describe(`The page on ${name}`, () => {
    let starter: AppStarter
    let app: AppProcess
    let chromium: Browser
    const subject: Subject = {
      origin: () => app.origin,
      async open(settings) {
        const context = await chromium.newContext({ ...settings })
        context.setDefaultTimeout(10_000)
        return { context, page: await context.newPage() }
      },
    }
    beforeAll(async () => {
      starter = createStarter(command)
      ;[app, chromium] = await Promise.all([
        starter.start({ IDP_ISSUER: '', IDP_CLIENT_ID: '', RECENT_AUTH_SECONDS: '1' }),
        startChromium(),
      ])
    })
    afterAll(async () => {
      await chromium?.close()
      await starter?.clear()
    })

    describeSigningIn(subject)
    describeRefusals(subject)
    describeDevices(subject)
    describeAppearance(subject)
  })
}
