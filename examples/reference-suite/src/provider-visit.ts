/** What a person does at the identity provider: names themselves, and agrees or not. */
import type { AppProcess } from './app-process.ts'
import { type Answer, type Browser, openBrowser } from './browser.ts'

/** How a visit goes. */
export interface Visit {
  readonly email: string
  readonly answer?: 'allow' | 'deny'
  /** The browser as the provider knows it; default: a new one. */
  readonly provider?: Browser
}

/** Follows the provider's pages from where the app sent the browser until it sends it back; that address. */
export async function visitProvider(app: AppProcess, start: string, visit: Visit): Promise<string> {
  const { provider = openBrowser(app) } = visit
  let address = start
  let answer = await provider.get(address, { site: 'cross-site' })
  for (let step = 0; step < 12; step += 1) {
    const location = answer.headers.get('location')
    const next = location === null ? null : new URL(location, address)
    if (next && next.origin === app.origin) return next.href
    if (next) {
      address = next.href
      answer = await provider.get(address)
    } else {
      answer = await submit(provider, { address, page: answer.text, visit })
    }
  }
  throw new Error(`the provider does not come to an end at ${address}`)
}

/** Starts at the app, visits the provider, and brings the answer back; what the app says to that. */
export async function signInWithProvider(
  app: AppProcess,
  browser: Browser,
  visit: Visit & { readonly returnTo?: string; readonly query?: string },
): Promise<Answer> {
  const { returnTo, query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}` } = visit
  const begun = await browser.get(`/auth/oauth/idp${query}`)
  if (begun.status !== 303) throw new Error(`/auth/oauth/idp answered ${begun.status}: ${begun.text}`)
  const back = await visitProvider(app, begun.headers.get('location') ?? '', visit)
  return comeBack(app, browser, back)
}

/** Brings an answer of the provider back to the app, as a redirect from another site does. */
export function comeBack(app: AppProcess, browser: Browser, address: string): Promise<Answer> {
  return browser.get(address.replace(app.origin, app.address), { site: 'cross-site' })
}

/** Signs out at the provider, which then tells the app by its back channel. */
export async function signOutAtProvider(provider: Browser, issuer: string): Promise<void> {
  const page = await provider.get(`${issuer}/session/end`)
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1] ?? ''
  await provider.request('POST', new URL(action, issuer).href, { form: { xsrf, logout: 'yes' } })
}

function submit(
  provider: Browser,
  { address, page, visit }: { address: string; page: string; visit: Visit },
): Promise<Answer> {
  const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
  if (action === undefined) throw new Error(`no form at ${address}: ${page.slice(0, 300)}`)
  const form: Record<string, string> = page.includes('name="email"')
    ? { email: visit.email }
    : { answer: visit.answer ?? 'allow' }
  return provider.request('POST', new URL(action.replaceAll('&amp;', '&'), address).href, { form })
}
