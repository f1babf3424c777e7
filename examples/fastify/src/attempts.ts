/** Guessing passwords is slowed down: by account and address together, by account, and by address. */
import { AuthError, createRateLimiter, type Shared } from '@tessera-auth/core'
import { createGate } from './gate.ts'

/** Who tries, and from where. */
export interface Place {
  /** The e-mail address as it is compared, whether there is such an account or not. */
  readonly account: string
  /** The visitor's IP address. */
  readonly address: string
}

/** Counts failures of password checks. */
export interface Attempts {
  /**
   * Runs a password check. `invalid_credentials` from it counts as a failure, success clears the count of this account
   * from this address. Throws `too_many_attempts` instead of running it where the limit is reached.
   */
  run<T>(place: Place, check: () => Promise<T>): Promise<T>
}

const windowSeconds = 900
const perPlace = 10
const inAll = 100
/** As many checks of one address run at a time; the others wait. They are counted while they run, as if they failed. */
const atOnce = 4

/** Counts in the store, so for all processes together. */
export function createAttempts(shared: Pick<Shared, 'store' | 'onEvent' | 'platform'>): Attempts {
  const here = createRateLimiter({ ...shared, limit: perPlace, windowSeconds })
  const anywhere = createRateLimiter({ ...shared, limit: inAll, windowSeconds })
  const places = createGate(1)
  const addresses = createGate(atOnce)

  async function counted<T>(place: Place, check: () => Promise<T>): Promise<T> {
    const network = networkOf(place.address)
    const pair = `${place.account} from ${network}`
    const each = [`account ${place.account}`, `address ${network}`]
    await here.consume(pair)
    try {
      await anywhere.consume(...each)
    } catch (error) {
      await here.giveBack(pair)
      throw error
    }
    const result = await check().catch(async (error: unknown) => {
      const failed = error instanceof AuthError && error.code === 'invalid_credentials'
      if (!failed) await Promise.allSettled([here.giveBack(pair), anywhere.giveBack(...each)])
      throw error
    })
    await Promise.all([here.reset(pair), anywhere.giveBack(...each)])
    return result
  }

  return {
    run: (place, check) =>
      places.run(`${place.account} ${place.address}`, () => addresses.run(place.address, () => counted(place, check))),
  }
}

/** IPv6 hands out whole networks: who has one address has 2^64. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':')) return address
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? []
  const front = head.split(':').filter(Boolean)
  const back = tail.split(':').filter(Boolean)
  const zeros = address.includes('::') ? Array.from({ length: 8 - front.length - back.length }, () => '0') : []
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`
}
