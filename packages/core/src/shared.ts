/** What several factories need, written once and spread into each. */
import type { OnEvent } from './events.js'
import type { Platform } from './platform.js'
import type { Store } from './store/store.js'

/** Options that several factories share. A factory ignores the shared keys that it does not use. */
export interface Shared {
  /** Where records are kept. */
  readonly store: Store
  /**
   * Each 32 random bytes or more as text; the first seals, all open. A new one is added as the last everywhere, then moved
   * to the front everywhere: a process that does not have what another seals with cannot open it.
   */
  readonly secrets: readonly string[]
  /** The app's own origin, such as `https://app.example`; never read from `Host`. */
  readonly origin: string
  /** The audit stream; runs after the write; a throw never fails a request. */
  readonly onEvent?: OnEvent
  /** Default: the runtime's own. */
  readonly platform?: Platform
}
