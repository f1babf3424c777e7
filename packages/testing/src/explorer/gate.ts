/** A store of one actor: every call waits until the scheduler lets it take effect. */
import type { Store } from '@tessera-auth/core'
import { everything, type Footprint } from './move.js'

/** A call that waits. */
export interface Call {
  readonly label: string
  readonly footprint: Footprint
  /** It is no call of the store: its answer cannot get lost. */
  readonly isLocal: boolean
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
  function wait<T>(call: Pick<Call, 'label' | 'footprint'>, run: () => Promise<T>, isLocal = false): Promise<T> {
    return new Promise((resolve, reject) =>
      suspend({ ...call, isLocal, run, resolve: (answer) => resolve(answer as T), reject }),
    )
  }

  function onRecord<T>(
    label: string,
    [kind, key, writes]: [string, string, boolean],
    run: () => Promise<T>,
  ): Promise<T> {
    return wait({ label: `${label} ${kind} ${key.slice(0, 6)}`, footprint: { kind, key, writes } }, run)
  }

  return {
    atomically: (label, run) => wait({ label, footprint: everything }, async () => run(), true),
    store: {
      get: (kind, key, options) => onRecord('get', [kind, key, false], () => store.get(kind, key, options)),
      insert: (entry) => onRecord('insert', [entry.kind, entry.key, true], () => store.insert(entry)),
      replace: (entry, version) =>
        onRecord('replace', [entry.kind, entry.key, true], () => store.replace(entry, version)),
      remove: (kind, key, version) =>
        onRecord(version === undefined ? 'remove' : 'remove if', [kind, key, true], () =>
          store.remove(kind, key, version),
        ),
      listByOwner: (kind, owner) =>
        wait({ label: `list ${kind} of ${owner}`, footprint: { kind, key: null, writes: false } }, () =>
          store.listByOwner(kind, owner),
        ),
      removeExpired: (before, limit) =>
        wait({ label: 'removeExpired', footprint: everything }, () => store.removeExpired(before, limit)),
    },
  }
}
