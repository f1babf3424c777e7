/** A browser as far as a server can tell: it keeps cookies, and says where a request comes from. */
import { randomUUID } from 'node:crypto'
import type { AppProcess } from './app-process.ts'

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The JSON body; empty where there is none. */
  readonly body: Readonly<Record<string, unknown>>
  /** Set-Cookie lines. */
  readonly cookies: readonly string[]
  /** `error.code`, or `error` of an OAuth body. */
  readonly code: string | undefined
}

/** What is sent. */
export interface Sent {
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as it is. */
  readonly raw?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** `Sec-Fetch-Site`; default `same-origin`; `null`: neither that nor `Origin`. */
  readonly site?: 'same-origin' | 'same-site' | 'cross-site' | 'none' | null
}

/** One browser profile. */
export interface Browser {
  /** By name. */
  readonly jar: Map<string, string>
  request(method: string, path: string, sent?: Sent): Promise<Answer>
  get(path: string, sent?: Sent): Promise<Answer>
  post(path: string, json?: unknown): Promise<Answer>
  put(path: string, json: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  delete(path: string): Promise<Answer>
}

/** Somebody who has an account. */
export interface Person {
  readonly email: string
  readonly password: string
  readonly id: string
  readonly sessionId: string
  readonly browser: Browser
}

/** Opens a browser at an app; `headers` go with every request. */
export function openBrowser(app: AppProcess, headers: Readonly<Record<string, string>> = {}): Browser {
  const jar = new Map<string, string>()

  async function request(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    const url = path.startsWith('http') ? path : `${app.address}${path}`
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { ...fromSite(app, sent.site), ...cookieHeader(jar), ...headers, ...typeOf(sent), ...sent.headers },
      ...bodyOf(sent),
    })
    const answer = await read(response)
    keep(jar, answer.cookies)
    return answer
  }

  return {
    jar,
    request,
    get: (path, sent) => request('GET', path, sent),
    post: (path, json) => request('POST', path, json === undefined ? {} : { json }),
    put: (path, json, extra = {}) => request('PUT', path, { json, headers: extra }),
    delete: (path) => request('DELETE', path),
  }
}

/** Signs somebody new up. */
export async function signUp(app: AppProcess, browser: Browser = openBrowser(app)): Promise<Person> {
  const email = newEmail()
  const password = newPassword()
  const answer = await browser.post('/auth/sign-up', { email, password })
  if (answer.status !== 201) throw new Error(`sign-up answered ${answer.status}: ${answer.text}`)
  const { user, session } = answer.body as { user: { id: string }; session: { id: string } }
  return { email, password, id: user.id, sessionId: session.id, browser }
}

/** Signs somebody in, in a browser of its own. */
export async function signInElsewhere(app: AppProcess, { email, password }: Person): Promise<Browser> {
  const browser = openBrowser(app)
  const answer = await browser.post('/auth/sign-in', { email, password })
  if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${answer.text}`)
  return browser
}

/** An address that nobody had before; one long word, as a password may not contain a word of it. */
export function newEmail(): string {
  return `p${randomUUID().replaceAll('-', '')}@example.com`
}

/** A password that nobody had before. */
export function newPassword(): string {
  return `canary ${randomUUID()}`
}

/** The session in a body. */
export function sessionIn({ body }: Answer): Readonly<Record<string, unknown>> {
  return body['session'] as Record<string, unknown>
}

/** The sessions in a body. */
export function sessionsIn({ body }: Answer): readonly Readonly<Record<string, unknown>>[] {
  return body['sessions'] as Record<string, unknown>[]
}

function fromSite(app: AppProcess, site: Sent['site'] = 'same-origin'): Record<string, string> {
  if (site === null) return {}
  const origin = site === 'cross-site' || site === 'same-site' ? 'https://elsewhere.example' : app.origin
  return { 'sec-fetch-site': site, origin }
}

function cookieHeader(jar: ReadonlyMap<string, string>): Record<string, string> {
  return jar.size === 0 ? {} : { cookie: Array.from(jar, (pair) => pair.join('=')).join('; ') }
}

function typeOf({ json, form }: Sent): Record<string, string> {
  if (json !== undefined) return { 'content-type': 'application/json' }
  return form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
}

function bodyOf({ json, form, raw }: Sent): { body?: BodyInit } {
  if (json !== undefined) return { body: JSON.stringify(json) }
  if (form !== undefined) return { body: new URLSearchParams(form).toString() }
  return raw === undefined ? {} : { body: typeof raw === 'string' ? raw : new Uint8Array(raw) }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') && text !== ''
  const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  const { error } = body as { error?: string | { code?: string } }
  return {
    status: response.status,
    headers: response.headers,
    text,
    body,
    cookies: response.headers.getSetCookie(),
    code: typeof error === 'object' ? error?.code : error,
  }
}

function keep(jar: Map<string, string>, lines: readonly string[]): void {
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const [name = '', ...value] = pair.split('=')
    if (attributes.includes('Max-Age=0')) jar.delete(name)
    else jar.set(name, value.join('='))
  }
}
