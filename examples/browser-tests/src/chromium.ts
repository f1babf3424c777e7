/** A real browser: the system's Chromium, driven over its own protocol. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where Chromium is; `CHROMIUM_PATH` says otherwise. */
export const chromiumPath: string = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

/** Whether it is there. */
export const hasChromium: boolean = existsSync(chromiumPath)

/** Starts it. It talks to loopback only. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run'],
  })
}
