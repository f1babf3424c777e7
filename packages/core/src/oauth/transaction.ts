/**
 * One sign-in attempt, from `begin` to `finish`: sealed into a short-lived cookie of its own, named after a hash of
 * `state`, so that tabs do not overwrite each other and no database is needed.
 */
import { type Cookie, cookieNames, cookieValues, createCookie } from '../cookie/cookie.js'
import type { Exchange } from '../cookie/request-view.js'
import { createSealer, type Sealer } from '../internal/sealing.js'
import { type Platform, sha256Text } from '../platform.js'
import { isObject } from './upstream.js'

/** What has to be known again when the provider's answer arrives. */
export interface Transaction {
  /** A digest of provider, issuer, client and redirect URI: the answer of another flow does not fit. */
  readonly flow: string
  readonly nonce: string
  /** PKCE (RFC 7636). */
  readonly verifier: string
  readonly returnTo: string
  /** The session that the browser had, by its public id; `null`: nobody was signed in. */
  readonly sessionId: string | null
  readonly scope: string
  readonly maxAgeSeconds: number | null
  readonly resource: string | null
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** Keeps attempts in the browser. */
export interface Transactions {
  /** Seals an attempt into a cookie and lets go of the oldest ones beyond the bound. */
  keep(exchange: Exchange, state: string, transaction: Transaction): Promise<void>
  /** The living attempt of this state; `null`: not begun in this browser, or too long ago. */
  find(exchange: Exchange, state: string): Promise<FoundTransaction | null>
}

/** An attempt whose answer came. */
export interface FoundTransaction {
  readonly transaction: Transaction
  /** Deletes its cookie: it was used, or can no longer be. */
  forget(): void
}

/** How long a sign-in may take at the provider, in seconds. */
export const transactionSeconds = 600
/** Attempts of one browser at a time, and octets of their cookies in all: servers cut headers off at 8 KiB. */
const mostAttempts = 5
const mostOctets = 4096
const namePrefix = 'oauth-'
const nameLength = 22
/** Written in this order, without names, to keep the cookie short. */
const members = [
  'flow',
  'nonce',
  'verifier',
  'returnTo',
  'sessionId',
  'scope',
  'maxAgeSeconds',
  'resource',
  'expiresAt',
] as const satisfies readonly (keyof Transaction)[]

/** Makes the keeper. `crossSite`: the answer comes as a cross-site POST, which takes a `SameSite=None` cookie along. */
export function createTransactions(
  platform: Platform,
  options: { secrets: readonly string[]; secure: boolean; crossSite: boolean },
): Transactions {
  const sealer = createSealer(platform, options.secrets, 'oauth-transaction')
  const sameSite = options.crossSite ? 'none' : 'lax'
  // Browsers take SameSite=None only from Secure cookies, and Secure ones from http on loopback.
  const secure = options.secure || options.crossSite
  const cookieOf = (digest: string): Cookie =>
    createCookie(namePrefix + digest.slice(0, nameLength), { secure, sameSite })
  const prefix = createCookie(namePrefix, { secure, sameSite }).name

  return {
    async keep({ request, responseHeaders }, state, transaction) {
      const digest = sha256Text(platform, state)
      const line = cookieOf(digest).set(await seal(sealer, digest, transaction), transactionSeconds)
      const header = (await request).headers.get('cookie')
      for (const name of surplus(header, prefix, line.indexOf(';'))) {
        responseHeaders.append('Set-Cookie', cookieOf(name.slice(prefix.length)).delete())
      }
      responseHeaders.append('Set-Cookie', line)
    },
    async find({ request, responseHeaders }, state) {
      const digest = sha256Text(platform, state)
      const cookie = cookieOf(digest)
      const values = cookieValues((await request).headers.get('cookie'), cookie.name)
      const forget = (): void => void responseHeaders.append('Set-Cookie', cookie.delete())
      for (const value of values) {
        const transaction = await open(sealer, digest, value)
        if (!transaction) continue
        if (transaction.expiresAt > platform.now()) return { transaction, forget }
        forget()
        return null
      }
      return null
    },
  }
}

/** Names of the oldest attempts that have to go: browsers send the oldest cookie first (RFC 6265 §5.4). */
function surplus(header: string | null, prefix: string, octets: number): string[] {
  const attempts = cookieNames(header, prefix).map((name) => ({ name, octets: sizeOf(header, name) }))
  const names: string[] = []
  let count = attempts.length + 1
  let total = attempts.reduce((sum, attempt) => sum + attempt.octets, octets)
  for (const attempt of attempts) {
    if (count <= mostAttempts && total <= mostOctets) break
    names.push(attempt.name)
    count -= 1
    total -= attempt.octets
  }
  return names
}

/** With the equals sign, and "; " before the next. */
function sizeOf(header: string | null, name: string): number {
  return cookieValues(header, name).reduce((sum, value) => sum + name.length + value.length + 3, 0)
}

/** The digest inside keeps the value of one attempt from standing under the name of another. */
function seal(sealer: Sealer, digest: string, transaction: Transaction): Promise<string> {
  return sealer.seal(JSON.stringify([digest, ...members.map((name) => transaction[name])]))
}

async function open(sealer: Sealer, digest: string, value: string): Promise<Transaction | null> {
  const opened = await sealer.open(value)
  if (!opened) return null
  const [found, ...values]: unknown[] = JSON.parse(opened.plaintext)
  const transaction: unknown = Object.fromEntries(members.map((name, index) => [name, values[index]]))
  return found === digest && isTransaction(transaction) ? transaction : null
}

/** A sealed text of an older release may have another form: then the attempt starts again. */
function isTransaction(value: unknown): value is Transaction {
  if (!isObject(value)) return false
  const { flow, nonce, verifier, returnTo, scope, expiresAt } = value
  const texts = [flow, nonce, verifier, returnTo, scope]
  return texts.every((text) => typeof text === 'string') && typeof expiresAt === 'number'
}
