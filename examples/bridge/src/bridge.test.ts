import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start, type Started } from './start.ts'

let servers: Started
let cookie = ''

beforeAll(async () => {
  servers = await start({ app: 0, api: 0, clinic: 0 })
  cookie = await connect('ada@mail.example')
})
afterAll(() => servers.close())

/** A browser that signs in at the clinic and comes back; its cookie for our app. */
async function connect(email: string): Promise<string> {
  const cookies = new Map<string, string>()
  let [url, body]: [string, URLSearchParams | null] = [`${servers.origin}/connect`, null]
  for (let steps = 0; steps < 16 && url !== `${servers.origin}/`; steps += 1) {
    const site = url.startsWith(servers.origin) && steps === 0 ? 'none' : 'cross-site'
    const headers = { cookie: header(cookies), 'sec-fetch-site': site }
    const response: Response = await fetch(url, { method: body ? 'POST' : 'GET', body, headers, redirect: 'manual' })
    body = null
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]?.split('=') ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location !== null) url = new URL(location, url).href
    else {
      url = new URL(/action="([^"]+)"/.exec(await response.text())?.[1] ?? '', url).href
      body = new URLSearchParams({ email, answer: 'allow' })
    }
  }
  return header(cookies)
}

function header(cookies: Map<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

function ask(path: string, method = 'GET'): Promise<Response> {
  return fetch(servers.origin + path, { method, headers: { cookie, 'sec-fetch-site': 'same-origin' } })
}

async function delegated(): Promise<Record<string, unknown>> {
  return (await (await ask('/api/clinic-token', 'POST')).json()) as Record<string, unknown>
}

function callClinic(token: unknown, method = 'GET'): Promise<Response> {
  const headers = { authorization: `Bearer ${String(token)}`, origin: servers.origin }
  return fetch(`${servers.api}/prescriptions`, { method, headers })
}

describe('the bridge', () => {
  test('reads the prescriptions, and no answer of ours holds a token', async () => {
    const response = await ask('/api/prescriptions')
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ prescriptions: [{ medicine: 'Amoxicillin 500 mg' }] })
    expect(text).not.toMatch(/ey[\w-]+\.[\w-]+\.[\w-]+/)
    expect([...response.headers.values()].join()).not.toMatch(/ey[\w-]+\.[\w-]+\.[\w-]+/)
  })

  test('is for who is signed in only', async () => {
    expect((await fetch(`${servers.origin}/api/prescriptions`)).status).toBe(401)
  })
})

describe('the delegated token', () => {
  test('reads the prescriptions from the browser, directly', async () => {
    const { access_token: token, expires_in: life, scope } = await delegated()
    expect([299, 300]).toContain(life) // a second may begin meanwhile
    expect(scope).toBe('prescriptions:read')
    const response = await callClinic(token)
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe(servers.origin)
  })

  test('cannot write, as it has less scope than ours', async () => {
    const { access_token: token } = await delegated()
    expect((await callClinic(token, 'POST')).status).toBe(403)
  })

  test('comes without anything that prolongs it', async () => {
    expect(Object.keys(await delegated())).toEqual(['access_token', 'token_type', 'expires_in', 'scope'])
  })

  test('is not given to a page of another site', async () => {
    const headers = { cookie, 'sec-fetch-site': 'cross-site' }
    const response = await fetch(`${servers.origin}/api/clinic-token`, { method: 'POST', headers })
    expect(response.status).toBe(403)
  })
})

describe('disconnect', () => {
  test('ends the bridge, which then says that the user has to connect again', async () => {
    expect((await ask('/disconnect', 'POST')).status).toBe(204)
    const response = await ask('/api/prescriptions')
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({ error: { code: 'reconnect_required' } })
  })
})
