/** What several factories need, written once and spread into each. */
import type { Shared } from '@tessera-auth/core'

export declare const shared: Shared
