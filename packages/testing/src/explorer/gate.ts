/** A store of one actor: every call waits until the scheduler lets it take effect. */
import type { Store } from '@tessera-auth/core'
import { everything, type Footprint } from './move.js'

/** A call that waits. */
export interface Call {
  readonly label: string
  readonly footprint: Footprint
  run(): Promise<unknown>
  resolve(answer: unknown): void
  reject(error: Error): void
}

/** What an actor sees of the world. */
export interface Actor {
  /** The world's store; a call takes effect when the scheduler says so. */
  readonly store: Store
  /** The same for a step that is no call of the store: reading or writing something else that actors share. */
  atomically<T>(label: string, run: () => T): Promise<T>
}

/** Puts a gate before a store. */
export function gate(store: Store, suspend: (call: Call) => void): Actor {
  function wait<T>(label: string, footprint: Footprint, run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) =>
      suspend({ label, footprint, run, resolve: (answer) => resolve(answer as T), reject }),
    )
  }

  const record = (kind: string, key: string, writes: boolean): Footprint => ({ kind, key, writes })
  return {
    atomically: (label, run) => wait(label, everything, async () => run()),
    store: {
      get: (kind, key, options) =>
        wait(`get ${kind} ${short(key)}`, record(kind, key, false), () => store.get(kind, key, options)),
      insert: (entry) =>
        wait(`insert ${entry.kind} ${short(entry.key)}`, record(entry.kind, entry.key, true), () =>
          store.insert(entry),
        ),
      replace: (entry, version) =>
        wait(`replace ${entry.kind} ${short(entry.key)}`, record(entry.kind, entry.key, true), () =>
          store.replace(entry, version),
        ),
      remove: (kind, key, version) =>
        wait(`remove ${kind} ${short(key)}${version === undefined ? '' : ' if'}`, record(kind, key, true), () =>
          store.remove(kind, key, version),
        ),
      listByOwner: (kind, owner) =>
        wait(`list ${kind} of ${owner}`, { kind, key: null, writes: false }, () => store.listByOwner(kind, owner)),
      removeExpired: (before, limit) => wait('removeExpired', everything, () => store.removeExpired(before, limit)),
    },
  }
}

function short(key: string): string {
  return key.slice(0, 6)
}
