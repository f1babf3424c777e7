/** What several factories need, written once and spread into each: made in getting-started.md. */
import type { Shared } from '@tessera-auth/core'

export declare const shared: Shared
