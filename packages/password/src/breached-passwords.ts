/** Passwords known from breaches, asked for by the range API of Have I Been Pwned without telling which (ASVS 6.2.12). */
import { hash } from 'node:crypto'
import { AuthError, type Platform, systemPlatform } from '@tessera-auth/core/http'
import { expected, wholeNumber } from './options.js'

/** Options of {@link breachedPasswords}. */
export interface BreachedPasswordsOptions {
  /** What becomes of a new password while the service cannot be asked: it is accepted unchecked, or refused with a 503. */
  readonly onOutage: 'accept' | 'refuse'
  /** How long an answer may take, 1 to 30 seconds. Default: 3. */
  readonly timeoutSeconds?: number
  /** Default: the runtime's own. */
  readonly platform?: Pick<Platform, 'fetch'>
}

const rangeUrl = 'https://api.pwnedpasswords.com/range/'
const prefixLength = 5
const retryAfterSeconds = 30
/** An answer has some 40 to 80 kB. */
const mostOctets = 1_048_576
const answerLine = /^[0-9A-F]{35}:\d{1,12}$/

/**
 * Makes a blocklist of breached passwords for `createPasswords`; its reason is `breached`.
 *
 * The service learns the first 20 bits of the password's SHA-1, which some thousand known passwords share, and the size
 * of its answer is padded. The function throws `AuthError` 'unavailable' with `retryAfterSeconds` where `onOutage` is
 * 'refuse' and the service does not answer properly in time. Throws `ConfigError` for a bad option.
 *
 * @see {@link https://haveibeenpwned.com/API/v3#PwnedPasswords Pwned Passwords}
 * @example
 * ```ts
 * import { breachedPasswords, createPasswords } from '@tessera-auth/password'
 *
 * const passwords = createPasswords({ blocklist: breachedPasswords({ onOutage: 'accept' }) })
 * ```
 */
export function breachedPasswords(
  options: BreachedPasswordsOptions,
): (password: string) => Promise<'breached' | false> {
  const { onOutage, platform = systemPlatform } = options
  if (onOutage !== 'accept' && onOutage !== 'refuse') throw expected('onOutage', "'accept' or 'refuse'", onOutage)
  const timeoutSeconds = wholeNumber('timeoutSeconds', options.timeoutSeconds, {
    default: 3,
    min: 1,
    max: 30,
    unit: 'seconds',
  })

  return async (password) => {
    const digest = hash('sha1', password, 'hex').toUpperCase()
    try {
      const url = rangeUrl + digest.slice(0, prefixLength)
      const answer = await ask(platform, url, AbortSignal.timeout(timeoutSeconds * 1000))
      return isListed(answer, digest.slice(prefixLength)) && 'breached'
    } catch (cause) {
      if (onOutage === 'accept') return false
      throw new AuthError('unavailable', { retryAfterSeconds }, { cause })
    }
  }
}

async function ask(platform: Pick<Platform, 'fetch'>, url: string, signal: AbortSignal): Promise<string> {
  const headers = { accept: 'text/plain', 'add-padding': 'true', 'user-agent': 'tessera-auth' }
  const response = await platform.fetch(url, { headers, redirect: 'error', signal })
  if (response.status !== 200) throw new Error(`The breach list answered with status ${response.status}.`)
  const decoder = new TextDecoder()
  let text = ''
  let octets = 0
  for await (const chunk of response.body ?? []) {
    octets += chunk.byteLength
    if (octets > mostOctets) throw new Error('The answer of the breach list is too long.')
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

/** Whether a suffix is among the lines `SUFFIX:COUNT`. A count of zero is padding. */
function isListed(answer: string, suffix: string): boolean {
  const lines = answer.split(/\r?\n/).filter((line) => line !== '')
  const isAnswer = lines.length > 0 && lines.every((line) => answerLine.test(line))
  // A login page of some network, say, would otherwise mean that nothing was ever breached.
  if (!isAnswer) throw new Error('The breach list answered in another form.')
  return lines.some((line) => line.startsWith(suffix) && !/:0+$/.test(line))
}
