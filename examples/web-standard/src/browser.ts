/** The little of a browser that trying the apps takes. */

/** Answers requests. */
export type Fetch = (request: Request) => Response | Promise<Response>

/** What one step brought. */
export interface Step {
  readonly response: Response
  readonly text: string
  readonly location: string | null
}

/** One request: a path of the app, or a URL of the provider. */
export type Browser = (
  method: string,
  url: string,
  sent?: { readonly headers?: Readonly<Record<string, string>>; readonly form?: URLSearchParams },
) => Promise<Step>

/** Keeps cookies, of the app and of the provider alike; follows nothing by itself. */
export function openBrowser(app: Fetch, origin: string): Browser {
  const jars = new Map<string, Map<string, string>>()
  return async (method, url, { headers = {}, form } = {}) => {
    const target = new URL(url, origin)
    const jar = jars.get(target.origin) ?? new Map<string, string>()
    jars.set(target.origin, jar)
    const cookie = Array.from(jar, (pair) => pair.join('=')).join('; ')
    const sent = new Request(target, {
      method,
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin', ...(cookie ? { cookie } : {}), ...headers },
      ...(form ? { body: form } : {}),
    })
    const response = target.origin === origin ? await app(sent) : await fetch(sent)
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', ...value] = pair.split('=')
      if (attributes.some((attribute) => attribute.toLowerCase() === 'max-age=0')) jar.delete(name)
      else jar.set(name, value.join('='))
    }
    return { response, text: await response.text(), location: response.headers.get('location') }
  }
}

/** Goes to the provider, names somebody, agrees, and comes back: the step that leads to `/me`, or the last there was. */
export async function signIn(browser: Browser, origin: string): Promise<Step> {
  let step = await browser('GET', '/sign-in')
  let address = `${origin}/sign-in`
  for (let count = 0; count < 12; count += 1) {
    const action = /<form[^>]* action="([^"]+)"/.exec(step.text)?.[1]
    const headers = { 'sec-fetch-site': 'none' }
    if (step.location !== null) {
      address = new URL(step.location, address).href
      if (address === `${origin}/me`) return step
      step = await browser('GET', address, { headers })
    } else if (action === undefined) return step
    else {
      const form = new URLSearchParams(
        step.text.includes('name="email"') ? { email: 'a@example.com' } : { answer: 'allow' },
      )
      step = await browser('POST', new URL(action, address).href, { headers, form })
    }
  }
  throw new Error('the provider does not come to an end')
}
