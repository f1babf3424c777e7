import { describe, expect, test } from 'vitest'
import type { AuthEvent } from '../events.js'
import { isProven } from '../internal/proven.js'
import { memoryStore } from '../store/memory-store.js'
import type { Store } from '../store/store.js'
import { createAuthorizationCodeFlow } from './authorization-code-flow.js'
import { appBrowser } from './fixtures/app-browser.js'
import { beginForged, issuer } from './fixtures/attacked-login.js'
import { oidc } from './providers/oidc.js'

const secrets = ['a secret for tests only, which has 32 characters or more']

describe('an answer that does not belong to the attempt is refused before the code is sent', () => {
  const changes: [string, Record<string, string | null>, string][] = [
    ['no state', { state: null }, 'callback_rejected'],
    ['an empty state', { state: '' }, 'callback_rejected'],
    ['a state that nobody began', { state: 'x'.repeat(43) }, 'transaction_missing'],
    ['no code', { code: null }, 'callback_rejected'],
    ['an empty code', { code: '' }, 'callback_rejected'],
    ['no iss where it is promised', { iss: null }, 'callback_rejected'],
    ['iss of another issuer', { iss: 'https://evil.example' }, 'callback_rejected'],
    ['iss that differs by a slash', { iss: `${issuer}/` }, 'callback_rejected'],
    ['an ID token that was not asked for', { id_token: 'a.b.c' }, 'callback_rejected'],
    ['an access token in the address', { token: 'at' }, 'callback_rejected'],
    ['a JWT-secured answer that was not asked for', { response: 'a.b.c' }, 'callback_rejected'],
    ['the user said no', { code: null, error: 'access_denied' }, 'access_denied'],
    ['an error of the provider', { code: null, error: 'server_error' }, 'provider_error'],
  ]
  test.each(changes)('%s', async (_name, change, code) => {
    const { flow, browser, callback, codesSent } = await beginForged()
    await expect(flow.finish(browser.arrive(callback(change)))).rejects.toMatchObject({ code })
    expect(codesSent()).toBe(0)
  })

  test.each(['state', 'code', 'iss', 'error'])('%s twice', async (name) => {
    const { flow, browser, callback, codesSent, sent } = await beginForged()
    const value = name === 'state' ? (sent.get('state') ?? '') : 'other'
    const url = `${callback({ error: name === 'error' ? 'x' : null })}&${name}=${value}`
    await expect(flow.finish(browser.arrive(url))).rejects.toMatchObject({ code: 'callback_rejected' })
    expect(codesSent()).toBe(0)
  })

  test.each([{ iss: 'https://evil.example' }, { code: null, error: 'access_denied' }])(
    'and its attempt is over: %o',
    async (change) => {
      const { flow, browser, callback } = await beginForged()
      await expect(flow.finish(browser.arrive(callback(change)))).rejects.toThrow()
      expect(browser.cookies.size).toBe(0)
      await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({ code: 'transaction_missing' })
    },
  )

  test('another browser', async () => {
    const { flow, callback, codesSent } = await beginForged()
    await expect(flow.finish(appBrowser().arrive(callback()))).rejects.toMatchObject({ code: 'transaction_missing' })
    expect(codesSent()).toBe(0)
  })

  test('another tab: the cookie of one attempt under the name of the other', async () => {
    const browser = appBrowser()
    const first = await beginForged({}, browser)
    const [[name = '', value = ''] = []] = [...browser.cookies]
    browser.cookies.clear()
    const second = await beginForged({}, browser)
    const [other = ''] = [...browser.cookies.keys()]
    expect(other).not.toBe(name)
    browser.cookies.set(other, value)
    await expect(second.flow.finish(browser.arrive(second.callback()))).rejects.toMatchObject({
      code: 'transaction_missing',
    })
    expect(first.codesSent() + second.codesSent()).toBe(0)
  })

  test('another flow of the same app', async () => {
    const { browser, callback, network, codesSent } = await beginForged()
    const provider = oidc({ name: 'evil', issuer: 'https://evil.example', clientId: 'app', clientSecret: 'for tests' })
    const options = { secrets, origin: 'https://app.example', redirectPath: '/evil/callback', provider }
    const evil = createAuthorizationCodeFlow({ ...options, platform: network.platform })
    network.answers['https://evil.example/.well-known/openid-configuration'] = {
      issuer: 'https://evil.example',
      token_endpoint: 'https://evil.example/token',
    }
    await expect(evil.finish(browser.arrive(callback({ iss: null })))).rejects.toMatchObject({
      details: { reason: 'other_flow' },
    })
    expect(codesSent()).toBe(0)
    expect(network.asked.map(({ url }) => url)).not.toContain('https://evil.example/token')
  })

  test('a second time, from the same browser', async () => {
    const { flow, browser, callback, codesSent } = await beginForged()
    const cookies = new Map(browser.cookies)
    await flow.finish(browser.arrive(callback()))
    await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({ code: 'transaction_missing' })
    // Even with the cookie put back, as an attacker with access to the browser could.
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({
      details: { reason: 'already_taken' },
    })
    expect(codesSent()).toBe(1)
  })

  test('not for good while the store does not answer: the attempt is kept, and the same answer finishes it', async () => {
    const memory = memoryStore()
    let isDown = true
    const insert: Store['insert'] = (entry) => (isDown ? Promise.reject(new Error('down')) : memory.insert(entry))
    const { flow, browser, callback, codesSent } = await beginForged({ options: { store: { ...memory, insert } } })
    await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({ code: 'unavailable' })
    expect([browser.cookies.size, codesSent()]).toEqual([1, 0])
    isDown = false
    await flow.finish(browser.arrive(callback()))
    expect([browser.cookies.size, codesSent()]).toEqual([0, 1])
  })

  test('ten minutes later', async () => {
    const { flow, browser, callback, network, codesSent } = await beginForged()
    const later = network.platform.now() + 601
    Object.assign(network.platform, { now: () => later })
    await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({ code: 'transaction_missing' })
    expect(codesSent()).toBe(0)
  })

  test('another session: whoever signed in meanwhile is not linked', async () => {
    let session: { id: string } | null = { id: 'ada' }
    const browser = appBrowser(() => session)
    const { flow, callback, codesSent } = await beginForged({}, browser)
    session = { id: 'mallory' }
    const cookies = new Map(browser.cookies)
    await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({
      details: { reason: 'session_changed' },
    })
    // Nor by a form.
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    const form = Object.fromEntries(new URL(callback(), 'https://app.example').searchParams)
    await expect(flow.finish(browser.post('/callback'), form)).rejects.toMatchObject({
      details: { reason: 'session_changed' },
    })
    expect(codesSent()).toBe(0)
  })

  test('by a query where a form was asked for', async () => {
    const form = await beginForged({ options: { responseMode: 'form_post' } })
    await expect(form.flow.finish(form.browser.arrive(form.callback()))).rejects.toMatchObject({
      details: { reason: 'response_mode' },
    })
  })

  const forms: [string, unknown][] = [
    ['nothing', undefined],
    ['a list', []],
    ['a number', 7],
    ['a list as a field', { state: ['a', 'b'], code: 'c' }],
    ['an object as a field', { state: { $ne: '' }, code: 'c' }],
    ['repeated fields', 'state=a&state=b&code=c'],
  ]
  test.each(forms)('a form that is %s', async (_name, form) => {
    const { flow, browser, codesSent } = await beginForged({ options: { responseMode: 'form_post' } })
    await expect(flow.finish(browser.post('/callback'), form)).rejects.toMatchObject({ code: 'callback_rejected' })
    expect(codesSent()).toBe(0)
  })

  test('the verifier is sent with the code, and only its digest before', async () => {
    const { flow, browser, callback, network, sent } = await beginForged()
    await flow.finish(browser.arrive(callback()))
    const verifier = network.asked.find(({ form }) => form.has('code'))?.form.get('code_verifier') ?? ''
    const digest = Buffer.from(network.platform.sha256(verifier)).toString('base64url')
    expect(sent.get('code_challenge')).toBe(digest)
    expect(sent.get('code_challenge_method')).toBe('S256')
    expect(sent.toString()).not.toContain(verifier)
  })
})

describe('begin', () => {
  test.each(['cross-site', 'same-site'])('a visitor sent here by another site (%s) starts nothing', async (site) => {
    const { flow, browser } = await beginForged()
    browser.cookies.clear()
    await expect(flow.begin(browser.click('/auth', { 'sec-fetch-site': site }))).rejects.toMatchObject({
      code: 'csrf_rejected',
    })
    expect(browser.cookies.size).toBe(0)
  })

  test.each(['none', null])('a visitor who typed the address (%s) does', async (site) => {
    const { flow, browser } = await beginForged()
    expect(await flow.begin(browser.click('/auth', site === null ? {} : { 'sec-fetch-site': site }))).toContain(issuer)
  })

  test.each([
    ...['redirect_uri', 'state', 'nonce', 'response_type', 'response_mode', 'client_id', 'client_secret', 'scope'],
    ...['code_challenge', 'code_challenge_method', 'request', 'request_uri', 'resource', 'max_age'],
  ])('the parameter %s is the protocol’s own', async (name) => {
    const { flow, browser } = await beginForged()
    await expect(flow.begin(browser.click('/auth'), { parameters: { [name]: 'x' } })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })

  test.each(['https://api.example/#part', 'https://api.example/#', '/orders', ''])(
    'the resource %o is none (RFC 8707 §2)',
    async (resource) => {
      const { flow, browser } = await beginForged()
      await expect(flow.begin(browser.click('/auth'), { resource })).rejects.toMatchObject({ code: 'invalid_request' })
    },
  )

  test('each attempt has a state, a nonce and a verifier of its own', async () => {
    const { flow, browser, network } = await beginForged()
    const secrets: (string | null)[] = []
    for (let attempts = 0; attempts < 3; attempts += 1) {
      const { searchParams } = new URL(await flow.begin(browser.click('/auth')))
      const [state, nonce] = [searchParams.get('state'), searchParams.get('nonce')]
      const digests = [state, nonce].map((text) =>
        Buffer.from(network.platform.sha256(text ?? '')).toString('base64url'),
      )
      secrets.push(state, nonce, searchParams.get('code_challenge'), ...digests)
    }
    expect(new Set(secrets).size).toBe(15)
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/)
  })

  const elsewhere = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
  ]
  const others = [
    'javascript:alert(1)',
    'evil.example',
    '',
    ['/a', '/b'],
    { path: '/a' },
    null,
    7,
    '/../..//evil.example',
  ]
  test.each([...elsewhere, ...others])('returnTo %o leads nowhere else', async (returnTo) => {
    const claims: Record<string, unknown> = {}
    const { flow, browser, callback } = await beginForged({ claims })
    const { searchParams } = new URL(await flow.begin(browser.click('/auth'), { returnTo }))
    claims.nonce = searchParams.get('nonce')
    const login = await flow.finish(browser.arrive(callback({ state: searchParams.get('state') })))
    expect(login.returnTo).toBe('/')
  })

  test('no event and no error tells a code, a state, a nonce or a text of the provider', async () => {
    const events: AuthEvent[] = []
    const onEvent = (event: AuthEvent): void => void events.push(event)
    const { flow, browser, callback, sent } = await beginForged({ options: { onEvent } })
    const change = { code: null, error: 'server_error', error_description: '<script>secret</script>' }
    const error: unknown = await flow.finish(browser.arrive(callback(change))).catch((found: unknown) => found)
    const told = JSON.stringify([events, String(error), (error as { details: object }).details])
    for (const secret of ['script', sent.get('state') ?? '', sent.get('nonce') ?? ''])
      expect(told).not.toContain(secret)
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([
      ['oauth.started', null],
      ['oauth.refused', 'provider_error'],
    ])
  })
})

describe('what stands in for the CSRF guard', () => {
  test('is a finished attempt, for its login and its request alone', async () => {
    const { flow, browser, callback } = await beginForged()
    const exchange = browser.arrive(callback())
    expect(isProven(exchange)).toBe(false)
    const login = await flow.finish(exchange)
    expect([isProven(login), isProven(exchange), isProven({ ...login })]).toEqual([true, true, false])
  })

  test('is no attempt that was refused', async () => {
    const { flow, browser, callback } = await beginForged({ claims: { nonce: 'other' } })
    const exchange = browser.arrive(callback())
    await expect(flow.finish(exchange)).rejects.toMatchObject({ code: 'callback_rejected' })
    expect(isProven(exchange)).toBe(false)
  })
})

describe('tabs', () => {
  test('five attempts at once all finish, and their cookies stay under 4 KiB', async () => {
    const browser = appBrowser()
    const attempts = []
    for (let index = 0; index < 5; index += 1) attempts.push(await beginForged({}, browser))
    const header = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    expect(header.length).toBeLessThan(4096)
    for (const { flow, callback } of attempts.toReversed()) {
      expect(await flow.finish(browser.arrive(callback()))).toMatchObject({ returnTo: '/cart' })
    }
    expect(browser.cookies.size).toBe(0)
  })

  test('a sixth lets go of the oldest', async () => {
    const browser = appBrowser()
    const attempts = []
    for (let index = 0; index < 6; index += 1) attempts.push(await beginForged({}, browser))
    expect(browser.cookies.size).toBe(5)
    const [oldest, next] = attempts
    await expect(oldest?.flow.finish(browser.arrive(oldest.callback()))).rejects.toMatchObject({
      code: 'transaction_missing',
    })
    expect(await next?.flow.finish(browser.arrive(next.callback()))).toMatchObject({ returnTo: '/cart' })
  })

  test('long return paths cost older attempts, not the header', async () => {
    const browser = appBrowser()
    const { flow } = await beginForged({}, browser)
    for (let index = 0; index < 5; index += 1)
      await flow.begin(browser.click('/auth'), { returnTo: `/${'x'.repeat(1000)}` })
    const header = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    expect(header.length).toBeLessThan(4096)
  })
})
