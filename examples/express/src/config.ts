/** The settings of the app: environment variables, each checked, and the first bad one named in one line. */
import { isIPv4, isIPv6 } from 'node:net'
import { join } from 'node:path'
import { dataFolder } from './secrets.ts'

/** Everything that can be set. Durations are whole seconds. */
export interface Config {
  readonly port: number
  /** As browsers write it in `Origin`. */
  readonly origin: string
  readonly database: DatabaseSetting
  readonly redisUrl: string | null
  /** Newest first; `null`: one is made and kept. */
  readonly secrets: readonly string[] | null
  readonly pepper: string | null
  /** Whose `X-Forwarded-For` is believed: addresses, networks, or Express's names for some. */
  readonly trustProxy: readonly string[]
  readonly identityProvider: IdentityProviderSetting
  /** Who may introspect tokens; `null`: nobody. */
  readonly introspection: { readonly client: string; readonly secret: string } | null
  readonly idleTimeoutSeconds: number
  readonly absoluteTimeoutSeconds: number
  readonly touchIntervalSeconds: number
  readonly accessTokenSeconds: number
  readonly refreshRetryWindowSeconds: number
  readonly clockSkewSeconds: number
  readonly maxStalenessSeconds: number
  readonly recentAuthSeconds: number
}

/** Where users and, without Redis, sessions are kept. */
export interface DatabaseSetting {
  readonly engine: 'sqlite' | 'postgres' | 'mysql'
  /** A path or `:memory:` for SQLite, else the URL. */
  readonly location: string
}

/** Somebody else's OpenID provider, or the local one that the app starts itself. */
export type IdentityProviderSetting = { readonly clientId: string; readonly clientSecret: string | null } & (
  | { readonly issuer: string }
  | { readonly issuer: null; readonly port: number }
)

/** A setting that cannot work. Its message is one line, and never tells a value that may be secret. */
export class SettingError extends Error {
  override readonly name = 'SettingError'

  constructor(variable: string, expected: string) {
    super(`${variable}: expected ${expected}`)
  }
}

/** Runs what only works with a good setting; names the setting where it does not. */
export async function withSetting<T>(variable: string, expected: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException }
    const reason = cause?.code ?? code
    throw new SettingError(variable, reason === undefined ? expected : `${expected} (${reason})`)
  }
}

type Environment = Readonly<Record<string, string | undefined>>

const shortestSecret = 32
const longestSeconds = 315_360_000
/** `URL` takes more: `*`, and what looks like a list. */
const hostName = /^([\w.-]+|\[[\da-f:.]+\])$/
const loopbackHost = /^(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Reads the settings. Throws `SettingError` for the first that cannot work, used or not. */
export function readConfig(env: Environment): Config {
  const port = wholeNumber(env, 'PORT', { default: 3000, min: 1, max: 65_535 })
  const origin = readOrigin(env['ORIGIN'] ?? new URL(`http://localhost:${port}`).origin)
  const idle = wholeNumber(env, 'IDLE_TIMEOUT_SECONDS', { default: 604_800, min: 1, max: longestSeconds })
  return {
    port,
    origin,
    database: readDatabase(env['DATABASE_URL']),
    redisUrl: readRedisUrl(env['REDIS_URL']),
    secrets: readSecrets(env['APP_SECRETS'], origin),
    pepper: readPepper(env['PASSWORD_PEPPER']),
    trustProxy: readTrustProxy(env['TRUST_PROXY']),
    identityProvider: readIdentityProvider(env, port),
    introspection: readIntrospection(env),
    idleTimeoutSeconds: idle,
    absoluteTimeoutSeconds: seconds(env, 'ABSOLUTE_TIMEOUT_SECONDS', { default: 2_592_000, min: 1 }),
    touchIntervalSeconds: readTouchInterval(env, idle),
    accessTokenSeconds: seconds(env, 'ACCESS_TOKEN_SECONDS', { default: 300, min: 1, max: 86_400 }),
    refreshRetryWindowSeconds: seconds(env, 'REFRESH_RETRY_WINDOW_SECONDS', { default: 10, min: 0, max: 60 }),
    clockSkewSeconds: seconds(env, 'CLOCK_SKEW_SECONDS', { default: 5, min: 0, max: 60 }),
    maxStalenessSeconds: seconds(env, 'MAX_STALENESS_SECONDS', { default: 10, min: 1, max: 3600 }),
    recentAuthSeconds: seconds(env, 'RECENT_AUTH_SECONDS', { default: 600, min: 1 }),
  }
}

interface NumberRule {
  readonly default: number
  readonly min: number
  readonly max?: number
}

function seconds(env: Environment, variable: string, rule: NumberRule): number {
  return wholeNumber(env, variable, rule)
}

function wholeNumber(env: Environment, variable: string, { default: fallback, min, max }: NumberRule): number {
  const text = env[variable]
  if (text === undefined) return fallback
  const most = max ?? longestSeconds
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= most) return value
  throw new SettingError(variable, `a whole number from ${min} to ${most}`)
}

function readTouchInterval(env: Environment, idle: number): number {
  const usual = Math.min(3600, Math.floor(idle / 10))
  const touch = seconds(env, 'TOUCH_INTERVAL_SECONDS', { default: usual, min: 0 })
  if (touch < idle) return touch
  throw new SettingError('TOUCH_INTERVAL_SECONDS', 'a whole number below IDLE_TIMEOUT_SECONDS')
}

function readOrigin(text: string): string {
  const url = readUrl(text)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbackHost.test(url.hostname))
  // As browsers write it in `Origin`, but for capitals: a host's name may be typed in them.
  if (url && safe && url.origin === text.toLowerCase() && hostName.test(url.hostname)) return url.origin
  throw new SettingError('ORIGIN', 'https://host[:port], or http on a loopback host, without a path or a usual port')
}

function readDatabase(text: string | undefined): DatabaseSetting {
  if (text === undefined) return { engine: 'sqlite', location: join(dataFolder, 'app.db') }
  const path = /^sqlite:(.+)$/.exec(text)?.[1]
  if (path !== undefined && !path.includes('\0')) return { engine: 'sqlite', location: path }
  const { protocol = null, hostname = '' } = readUrl(text) ?? {}
  if (hostname !== '' && (protocol === 'postgres:' || protocol === 'postgresql:')) {
    return { engine: 'postgres', location: text }
  }
  if (hostname !== '' && protocol === 'mysql:') return { engine: 'mysql', location: text }
  throw new SettingError('DATABASE_URL', 'sqlite:PATH, postgres://… or mysql://…')
}

function readRedisUrl(text: string | undefined): string | null {
  if (text === undefined) return null
  const { protocol = null, hostname = '', pathname = '' } = readUrl(text) ?? {}
  if (hostname !== '' && (protocol === 'redis:' || protocol === 'rediss:') && /^(\/\d*)?$/.test(pathname)) return text
  throw new SettingError(
    'REDIS_URL',
    'redis://… or rediss://…, with the number of a database as its path or without one',
  )
}

/** `null` for what is none. Others than `URL` mind spaces around it. */
function readUrl(text: string): URL | null {
  return text === text.trim() && URL.canParse(text) ? new URL(text) : null
}

function readText(env: Environment, variable: string): string | null {
  const text = env[variable]
  if (text === undefined) return null
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new SettingError(variable, 'a text of ASCII letters, digits and signs, without spaces')
}

function readTrustProxy(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  const proxies = text.split(',').map((proxy) => proxy.trim())
  if (proxies.every(isProxy)) return proxies
  throw new SettingError(
    'TRUST_PROXY',
    'IP addresses, networks such as 10.0.0.0/8, or loopback, with commas between them',
  )
}

function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true
  const [address = '', bits, ...more] = text.split('/')
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0
  return most > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

function readSecrets(text: string | undefined, origin: string): readonly string[] | null {
  const rule = `secrets of at least ${shortestSecret} characters each, with commas between them, newest first`
  if (text === undefined) {
    // A secret that is made up on one of several servers would sign people out on the others.
    if (origin.startsWith('https:')) throw new SettingError('APP_SECRETS', `${rule}; ORIGIN is https`)
    return null
  }
  const secrets = text.split(',').map((secret) => secret.trim())
  if (secrets.some((secret) => secret.length < shortestSecret)) throw new SettingError('APP_SECRETS', rule)
  if (new Set(secrets).size < secrets.length) throw new SettingError('APP_SECRETS', `${rule}, none of them twice`)
  return secrets
}

function readPepper(text: string | undefined): string | null {
  if (text === undefined || text.length >= shortestSecret) return text ?? null
  throw new SettingError('PASSWORD_PEPPER', `a secret of at least ${shortestSecret} characters`)
}

function readIdentityProvider(env: Environment, port: number): IdentityProviderSetting {
  const issuer = env['IDP_ISSUER']
  const clientId = readText(env, 'IDP_CLIENT_ID')
  const clientSecret = readText(env, 'IDP_CLIENT_SECRET')
  const idpPort = wholeNumber(env, 'IDP_PORT', { default: port === 65_535 ? port - 1 : port + 1, min: 1, max: 65_535 })
  if (idpPort === port) throw new SettingError('IDP_PORT', 'another port than PORT')
  if (issuer === undefined) return { issuer: null, port: idpPort, clientId: clientId ?? 'example', clientSecret }
  const url = readUrl(issuer)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbackHost.test(url.hostname))
  if (!url || !safe || /[?#]/.test(issuer) || url.username + url.password !== '') {
    throw new SettingError('IDP_ISSUER', 'an https URL without query, or http on a loopback host')
  }
  if (clientId === null) throw new SettingError('IDP_CLIENT_ID', 'the client id at IDP_ISSUER')
  return { issuer, clientId, clientSecret }
}

function readIntrospection(env: Environment): Config['introspection'] {
  const client = readText(env, 'INTROSPECTION_CLIENT')
  const secret = readText(env, 'INTROSPECTION_SECRET')
  if (client === null && secret === null) return null
  if (client === null) throw new SettingError('INTROSPECTION_CLIENT', 'a client id, as INTROSPECTION_SECRET is set')
  if (secret === null) throw new SettingError('INTROSPECTION_SECRET', 'a secret, as INTROSPECTION_CLIENT is set')
  return { client, secret }
}
