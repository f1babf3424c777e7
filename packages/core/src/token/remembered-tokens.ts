/** Tokens that were verified before, by a digest of their whole text; bounded, and a flood of new ones spares those in use. */

/** A bounded map from token digests to what verifying them told. */
export interface RememberedTokens<Value> {
  get(digest: string): Value | undefined
  set(digest: string, value: Value): void
  delete(digest: string): void
}

interface Slot<Value> {
  readonly value: Value
  used: boolean
}

/** Evicts the oldest that was not used since it was last looked at (second chance). */
export function rememberTokens<Value>(mostEntries: number): RememberedTokens<Value> {
  const slots = new Map<string, Slot<Value>>()

  function evictOne(): void {
    for (const [digest, slot] of slots) {
      slots.delete(digest)
      if (!slot.used) return
      slot.used = false
      slots.set(digest, slot)
    }
  }

  return {
    get(digest) {
      const slot = slots.get(digest)
      if (!slot) return undefined
      slot.used = true
      return slot.value
    },
    set(digest, value) {
      if (mostEntries === 0) return
      if (slots.size >= mostEntries && !slots.has(digest)) evictOne()
      slots.set(digest, { value, used: false })
    },
    delete: (digest) => void slots.delete(digest),
  }
}
