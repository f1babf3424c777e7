/** What the adapter suites share: the app under test, and a store that counts and can be switched off. */
import type { Authenticator, Store } from '@tessera-auth/core'
import { loginAs } from '../login-as.js'

/** As configured; the app listens elsewhere, so what an adapter took from `Host` would show. */
export const origin = 'http://app.localhost'

/** A store whose calls are counted, and that fails while it is down. */
export interface FaultyStore {
  readonly store: Store
  /** How many calls there were so far. */
  calls(): number
  /** Runs `work` while every call fails. */
  whileDown<T>(work: () => Promise<T>): Promise<T>
}

/** What every suite is given. */
export interface AdapterWorld {
  readonly authenticator: Authenticator
  readonly faults: FaultyStore
  /** Where a path of the app under test is. */
  url(path: string): string
}

/** Wraps a store. */
export function faultyStore(inner: Store): FaultyStore {
  let count = 0
  let down = false
  const pass = <T>(run: () => Promise<T>): Promise<T> => {
    count += 1
    return down ? Promise.reject(new Error('the backend is down')) : run()
  }
  return {
    store: {
      get: (kind, key, options) => pass(() => inner.get(kind, key, options)),
      insert: (entry) => pass(() => inner.insert(entry)),
      replace: (entry, expectedVersion) => pass(() => inner.replace(entry, expectedVersion)),
      remove: (kind, key, expectedVersion) => pass(() => inner.remove(kind, key, expectedVersion)),
      listByOwner: (kind, owner) => pass(() => inner.listByOwner(kind, owner)),
      removeExpired: (before, limit) => pass(() => inner.removeExpired(before, limit)),
    },
    calls: () => count,
    async whileDown(work) {
      down = true
      try {
        return await work()
      } finally {
        down = false
      }
    },
  }
}

/** The headers of a browser in which this user is signed in. */
export async function browserOf(world: AdapterWorld, userId: string): Promise<Record<string, string>> {
  return { ...(await loginAs(world.authenticator, userId)).headers }
}

/** Name and value of each cookie that an answer sets. */
export function cookiesOf(response: Response): string[] {
  return response.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '')
}
