/** The recipes of the guide do what their page says, in the app of Getting started. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { filesOf, type PageApp, startPageApp } from './page-app.ts'

const started = filesOf('docs/guide/getting-started.md')
const recipes = filesOf('docs/guide/recipes.md')
const routes = ['cors', 'sign-in', 'reset', 'verify-email', 'second-factor', 'impersonate']
/** What the page leaves to its reader. */
const factor = `
  globalThis.isSupport = async () => true
  export const isCodeGood = async (_userId, code) => code === '123456'`
const password = 'a few words are better'
let app: PageApp

beforeAll(async () => {
  const imports = routes.map((name) => `import './${name}.js'\n`).join('')
  const server = (started['server.ts'] ?? '').replace("import './sign-in.js'", imports)
  app = await startPageApp({ ...recipes, ...started, 'factor.ts': factor, 'server.ts': server })
})
afterAll(() => app.close())

async function signUp(email: string) {
  const { cookie, text } = await app.ask('POST', '/sign-up', { body: { email, password } })
  return { cookie, id: String(JSON.parse(text).id) }
}

/** The token of the last letter to somebody, once there have been so many. */
async function letter(email: string, count = 1): Promise<string> {
  const lines = new RegExp(`to: '${email}',\\s+text: '\\S+token=(\\S+)'`, 'g')
  return vi.waitFor(() => {
    const found = Array.from(app.printed().matchAll(lines), ([, token = '']) => token)
    expect(found).toHaveLength(count)
    return found.at(-1) ?? ''
  })
}

describe('a link for a new password', () => {
  test('works once, and ends what was signed in', async () => {
    const email = 'once@mail.example'
    const { cookie } = await signUp(email)
    expect((await app.ask('POST', '/forgot-password', { body: { email } })).status).toBe(202)
    const body = { token: await letter(email), password: 'other words than before' }
    expect((await app.ask('POST', '/reset-password', { body })).status).toBe(204)
    expect((await app.ask('GET', '/me', { cookie })).status).toBe(401)
    expect((await app.ask('POST', '/sign-in', { body: { email, password: body.password } })).status).toBe(200)
    expect((await app.ask('POST', '/reset-password', { body })).status).toBe(404)
  })

  test('dies with the password, however that was changed', async () => {
    const email = 'dies@mail.example'
    await signUp(email)
    await app.ask('POST', '/forgot-password', { body: { email } })
    const older = await letter(email)
    await app.ask('POST', '/forgot-password', { body: { email } })
    const newer = await letter(email, 2)
    const change = (token: string) =>
      app.ask('POST', '/reset-password', { body: { token, password: 'quite other words' } })
    expect((await change(newer)).status).toBe(204)
    expect((await change(older)).status).toBe(404)
  })

  test('is the same answer for nobody, and a link for something else is none', async () => {
    expect((await app.ask('POST', '/forgot-password', { body: { email: 'nobody@mail.example' } })).status).toBe(202)
    const email = 'purpose@mail.example'
    const { cookie } = await signUp(email)
    await app.ask('POST', '/verify-email/send', { cookie })
    const body = { token: await letter(email), password: 'other words than before' }
    expect((await app.ask('POST', '/reset-password', { body })).status).toBe(404)
    expect((await app.ask('POST', '/verify-email', { body })).status).toBe(204)
    expect((await app.ask('POST', '/verify-email', { body: { token: 'x' } })).status).toBe(404)
    expect(app.printed()).not.toContain('nobody@mail.example')
  })
})

describe('a second factor', () => {
  test('signs in after both proofs, and takes a code once', async () => {
    const email = 'both@mail.example'
    const { id } = await signUp(email)
    const half = await app.ask('POST', '/sign-in/password', { body: { email, password } })
    expect(half).toMatchObject({ status: 200, cookie: '' })
    const { halfway } = JSON.parse(half.text)
    const wrong = await app.ask('POST', '/sign-in/code', { body: { halfway, code: '000000' } })
    expect(wrong).toMatchObject({ status: 401, cookie: '' })
    const right = await app.ask('POST', '/sign-in/code', { body: { halfway, code: '123456' } })
    expect(JSON.parse(right.text)).toEqual({ id })
    expect((await app.ask('GET', '/me', { cookie: right.cookie })).status).toBe(200)
    expect((await app.ask('POST', '/sign-in/code', { body: { halfway, code: '123456' } })).status).toBe(429)
  })
})

describe('signing in as somebody else', () => {
  test('takes the place of the own session, and counts as no recent proof', async () => {
    const support = await signUp('support@mail.example')
    const customer = await signUp('customer@mail.example')
    const path = `/support/sign-in-as/${customer.id}`
    const changed = await app.ask('POST', path, { cookie: support.cookie })
    expect(changed.status).toBe(303)
    expect(JSON.parse((await app.ask('GET', '/me', { cookie: changed.cookie })).text)).toEqual({ id: customer.id })
    expect((await app.ask('GET', '/me', { cookie: support.cookie })).status).toBe(401)
    expect((await app.ask('POST', path, { cookie: changed.cookie })).text).toContain('"reauthentication_required"')
  })
})

describe('CORS', () => {
  test('answers the origins that are named, and no other', async () => {
    const ask = (origin: string) => app.ask('OPTIONS', '/me', { headers: { origin } })
    const named = await ask('https://admin.app.example')
    expect(named.headers.get('access-control-allow-origin')).toBe('https://admin.app.example')
    expect(named.headers.get('access-control-allow-credentials')).toBe('true')
    expect((await ask('https://other.example')).headers.get('access-control-allow-origin')).toBeNull()
  })
})
