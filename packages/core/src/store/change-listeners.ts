/** Who wants to hear of changes, by record: a message about one record must not cost a look at all the others. */

/** Callbacks by record id. */
export interface ChangeListeners {
  /** Adds a callback; the returned function takes it away. */
  add(id: string, onChange: () => void): () => void
  /** Calls back all that listen to this record. */
  tell(id: string): void
}

/** No listeners yet. */
export function createChangeListeners(): ChangeListeners {
  const listeners = new Map<string, Set<() => void>>()

  return {
    add(id, onChange) {
      // A closure of its own: the same function may listen twice.
      const listener = (): void => onChange()
      const known = listeners.get(id)
      if (known) known.add(listener)
      else listeners.set(id, new Set([listener]))
      return () => {
        const left = listeners.get(id)
        left?.delete(listener)
        if (left?.size === 0) listeners.delete(id)
      }
    },
    tell(id) {
      for (const listener of listeners.get(id) ?? []) listener()
    },
  }
}
