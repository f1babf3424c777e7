/** The storage contract as a suite: what the library relies on, and what any backend must be able to show. */
import type { Store } from '@tessera-auth/core'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeExpiry } from './store-contract/describe-expiry.js'
import { describeMethods } from './store-contract/describe-methods.js'
import { describeOwners } from './store-contract/describe-owners.js'
import { describeRaces } from './store-contract/describe-races.js'
import { describeText } from './store-contract/describe-text.js'
import type { ContractStore } from './store-contract/sample.js'

/** A store under test. */
export interface OpenStore {
  /** Empty, or with records that no other suite uses at the same time: `removeExpired` is asked for all of them. */
  readonly store: Store
  /** Closes what `open` opened. */
  close(): Promise<void>
}

/**
 * Registers the vitest suite of the storage contract: every method and every `false`, 25 concurrent callers with
 * exactly one winner, no resurrection, expiry, paging, the owner index, and texts that backends like to change.
 *
 * @param options - `dropsByItself`: the backend drops expired records by its own clock, 300 s after `expiresAt` or
 * later, and its `removeExpired` answers 0.
 *
 * @example
 * ```ts
 * describeStore('my store', async () => {
 *   const db = await openTestDatabase()
 *   return { store: myStore(db), close: () => db.close() }
 * })
 * ```
 */
export function describeStore(
  name: string,
  open: () => Promise<OpenStore>,
  options: { readonly dropsByItself?: boolean } = {},
): void {
  describe(`Store contract: ${name}`, () => {
    let opened: OpenStore | undefined
    const context: ContractStore = {
      dropsByItself: options.dropsByItself ?? false,
      store: () => {
        if (!opened) throw new Error(`${name} is not open`)
        return opened.store
      },
    }
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())

    describeMethods(context)
    describeRaces(context)
    describeExpiry(context)
    describeOwners(context)
    describeText(context)
  })
}
