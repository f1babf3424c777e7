/** Every sentence of the reference app's contract, one test each. */
import { afterAll, beforeAll, describe } from 'vitest'
import { type AppCommand, type AppProcess, type AppStarter, createStarter, withProvider } from './app-process.ts'
import type { AppStorage } from './app-storage.ts'
import { describeAccounts } from './describe-accounts.ts'
import { describeBridge } from './describe-bridge.ts'
import { describeBodies } from './describe-bodies.ts'
import { describeCart } from './describe-cart.ts'
import { describeCookies } from './describe-cookies.ts'
import { describeCsrf } from './describe-csrf.ts'
import { describeEdges } from './describe-edges.ts'
import { describeOAuth } from './describe-oauth.ts'
import { describeOutage } from './describe-outage.ts'
import { describePage } from './describe-page.ts'
import { describePasswords } from './describe-passwords.ts'
import { describeProcess } from './describe-process.ts'
import { describeRouting } from './describe-routing.ts'
import { describeSecrets } from './describe-secrets.ts'
import { describeSessions } from './describe-sessions.ts'
import { describeThrottle } from './describe-throttle.ts'
import { describeTime } from './describe-time.ts'
import { describeTokens } from './describe-tokens.ts'

/** What every part of the suite is given. */
export interface Subject {
  /** The one that all tests share which need no settings of their own. */
  app(): AppProcess
  /** Starts further ones. */
  readonly starter: AppStarter
}

/**
 * Registers the suite of one framework's app. It is started as a process, many times, with settings of all kinds; without
 * `open` on SQLite.
 *
 * @example
 * ```ts
 * describeReferenceApp('Express', { program: process.execPath, args: ['src/server.ts'], cwd: example })
 * ```
 */
export function describeReferenceApp(name: string, command: AppCommand, open?: () => Promise<AppStorage>): void {
  describe(`Reference app: ${name}`, () => {
    const starter = createStarter(command, open)
    let shared: AppProcess | undefined
    const subject: Subject = {
      starter,
      app: () => {
        if (!shared) throw new Error(`${name} is not started`)
        return shared
      },
    }
    beforeAll(async () => {
      shared = await starter.start(withProvider)
    })
    afterAll(() => starter.clear())

    describeProcess(subject)
    describeRouting(subject)
    describeEdges(subject)
    describeBodies(subject)
    describeCsrf(subject)
    describeCookies(subject)
    describeAccounts(subject)
    describePasswords(subject)
    describeThrottle(subject)
    describeSessions(subject)
    describeCart(subject)
    describeTokens(subject)
    describeTime(subject)
    describeOAuth(subject)
    describeBridge(subject)
    describePage(subject)
    describeOutage(subject)
    describeSecrets(subject)
  })
}
