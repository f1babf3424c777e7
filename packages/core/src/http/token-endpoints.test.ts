import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as oauth from 'oauth4webapi'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { AuthError, ConfigError, StoreError } from '../errors.js'
import { createAssertionVerifier, createClientAssertions } from '../token/client-assertions.js'
import { generateJwk } from '../token/key-formats.js'
import { audience, issuer, tokenApp } from '../token/fixtures/token-app.js'
import { createAuthenticator } from './authenticator.js'
import {
  type CallerOf,
  createIntrospectionEndpoint,
  createRevocationEndpoint,
  type IntrospectionClient,
  type TokenEndpoint,
  type UnreadNodeRequest,
} from './token-endpoints.js'

type Ask = (init?: RequestInit & { duplex?: 'half' }) => Promise<Response>
type Mount = (endpoint: TokenEndpoint) => Promise<Ask>

const secrets = { app: 'the secret of the app', orders: 'the secret of the orders API' }
const signed = 'application/token-introspection+jwt'

/** The endpoint as a function from Request to Response. */
const mountWeb: Mount = async (endpoint) => async (init) =>
  endpoint.fetch(new Request('https://app.example/', { method: 'POST', ...init }))

/** The endpoint on a server of node:http. */
const mountNode: Mount = async (endpoint) => {
  const url = await listen(endpoint)
  return async (init) => fetch(url, { method: 'POST', ...init })
}

async function listen(endpoint: TokenEndpoint): Promise<string> {
  const server = createServer((request, response) => {
    endpoint.node(request, response).catch(() => response.writeHead(500).end('the app’s own'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const basic = (client: keyof typeof secrets, secret = secrets[client]): Record<string, string> => ({
  authorization: `Basic ${btoa(`${client}:${secret.replaceAll(' ', '+')}`)}`,
})
const form = (fields: Record<string, string>): URLSearchParams => new URLSearchParams(fields)

/** A token system, and callers that authenticate by Basic; `orders` is the API that its tokens are for. */
function party() {
  const app = tokenApp()
  const authenticator = createAuthenticator({ verifier: app.verifier })
  const clientOf: CallerOf<string> = (request) => authenticator.bindReadonly(request).requireClient(secrets)
  const apiOf: CallerOf<IntrospectionClient> = async (request, sent) => {
    return { clientId: (await clientOf(request, sent)) ?? '', apis: [audience] }
  }
  return {
    ...app,
    clientOf,
    apiOf,
    revocation: createRevocationEndpoint({ tokens: app.tokens, authenticate: clientOf }),
    introspection: createIntrospectionEndpoint({ tokens: app.tokens, authenticate: apiOf }),
    async issueTo(clientId: string) {
      const { access_token, refresh_token = '' } = await app.tokens.issue({
        session: (await app.signIn()).session,
        clientId,
        scope: 'profile',
      })
      return { access_token, refresh_token }
    },
    isActive: async (token: string) => (await app.tokens.introspect(token)).active,
  }
}

describe.each([
  ['a web request', mountWeb],
  ['a request of node:http', mountNode],
])('createRevocationEndpoint (RFC 7009), by %s', (_, mount) => {
  test.each(['access_token', 'refresh_token'] as const)(
    'ends the %s of its client, and answers nothing',
    async (kind) => {
      const { revocation, issueTo, isActive } = party()
      const ask = await mount(revocation)
      const token = (await issueTo('app'))[kind]
      const answer = await ask({ headers: basic('app'), body: form({ token, token_type_hint: 'whatever' }) })
      expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).toEqual([200, '', 'no-store'])
      expect(await isActive(token)).toBe(false)
    },
  )

  test.each(['access_token', 'refresh_token'] as const)(
    'leaves the %s of another client alone (§2.1)',
    async (kind) => {
      const { revocation, issueTo, isActive } = party()
      const ask = await mount(revocation)
      const token = (await issueTo('somebody else'))[kind]
      const answer = await ask({ headers: basic('app'), body: form({ token }) })
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_grant' })])
      expect(await isActive(token)).toBe(true)
    },
  )

  test.each(['unknown', 'a.b.c', 'ü', 'x'.repeat(70_000)])(
    'is fine with a token that is none: %.20j',
    async (token) => {
      const ask = await mount(party().revocation)
      expect((await ask({ headers: basic('app'), body: form({ token }) })).status).toBe(200)
    },
  )

  test.each([
    ['nobody', {}],
    ['a wrong secret', basic('app', 'wrong')],
  ])('refuses %s with a challenge, whatever the token', async (_who, headers) => {
    const { revocation, issueTo, isActive } = party()
    const ask = await mount(revocation)
    const { access_token: token } = await issueTo('app')
    const answer = await ask({ headers, body: form({ token }) })
    expect([answer.status, answer.headers.get('www-authenticate'), await answer.json()]).toEqual([
      401,
      'Basic realm="oauth", charset="UTF-8"',
      expect.objectContaining({ error: 'invalid_client' }),
    ])
    expect(await isActive(token)).toBe(true)
  })

  test('hands the form over, for a client without a secret and for one with a key (RFC 7523)', async () => {
    const { tokens, store, platform, issueTo, isActive } = party()
    const key = await generateJwk()
    const assertions = createClientAssertions({ clientId: 'app', audience: issuer, key, platform })
    const assertionVerifier = createAssertionVerifier({ store, platform, audience: issuer, keysOf: () => [key] })
    const authenticate: CallerOf<string> = async (_request, sent) =>
      sent.get('client_id') === 'spa' ? 'spa' : assertionVerifier.verify(sent.get('client_assertion'))
    const ask = await mount(createRevocationEndpoint({ tokens, authenticate }))
    const [publicToken, keyToken] = [(await issueTo('spa')).access_token, (await issueTo('app')).access_token]
    const client_assertion = await assertions.assertion()
    expect((await ask({ body: form({ client_id: 'spa', token: publicToken }) })).status).toBe(200)
    expect((await ask({ body: form({ client_assertion, token: keyToken }) })).status).toBe(200)
    expect((await ask({ body: form({ client_assertion, token: keyToken }) })).status).toBe(401)
    expect([await isActive(publicToken), await isActive(keyToken)]).toEqual([false, false])
  })

  test.each<[string, RequestInit]>([
    ['JSON', { headers: { 'content-type': 'application/json' }, body: '{"token":"x"}' }],
    ['a form of another kind', { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: 'token=x' }],
    ['no body', {}],
    ['no token', { body: form({ token_type_hint: 'access_token' }) }],
    ['an empty token', { body: form({ token: '' }) }],
    ['two tokens', { body: new URLSearchParams('token=x&token=y') }],
    ['two client ids', { body: new URLSearchParams('token=x&client_id=a&client_id=b') }],
    [
      'octets that are no UTF-8',
      {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: Uint8Array.from([...new TextEncoder().encode('token='), 0xff]),
      },
    ],
  ])('refuses %s as invalid_request', async (_what, init) => {
    const ask = await mount(party().revocation)
    const answer = await ask({ ...init, headers: { ...basic('app'), ...(init.headers as Record<string, string>) } })
    expect([answer.status, answer.headers.get('cache-control'), await answer.json()]).toEqual([
      400,
      'no-store',
      { error: 'invalid_request', error_description: expect.any(String) },
    ])
  })

  test.each([
    ['is too long', () => form({ token: 'x'.repeat(200_000) })],
    ['has no end', () => endless()],
  ])('reads no more of a body that %s than it may have', async (_how, body) => {
    const ask = await mount(party().revocation)
    const headers = { ...basic('app'), 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await ask({ headers, body: body(), duplex: 'half' })
    expect([answer.status, await answer.json()]).toEqual([413, expect.objectContaining({ error: 'invalid_request' })])
  })

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('answers %s with what it takes', async (method) => {
    const ask = await mount(party().revocation)
    const answer = await ask({ method, headers: basic('app') })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('says when it cannot know, in the form of OAuth', async () => {
    const down = async (): Promise<never> => {
      throw new StoreError('down')
    }
    const { clientOf } = party()
    const ask = await mount(createRevocationEndpoint({ tokens: { revoke: down }, authenticate: clientOf }))
    const answer = await ask({ headers: basic('app'), body: form({ token: 'x' }) })
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
      503,
      '5',
      { error: 'unavailable', error_description: expect.any(String) },
    ])
  })

  test('answers what the caller’s check throws, and a no of it as invalid_client', async () => {
    const { tokens } = party()
    const throttled = createRevocationEndpoint({
      tokens,
      authenticate: () => {
        throw new AuthError('too_many_attempts', { retryAfterSeconds: 7 })
      },
    })
    const answer = await (await mount(throttled))({ body: form({ token: 'x' }) })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7'])
    const closed = createRevocationEndpoint({ tokens, authenticate: () => null })
    expect((await (await mount(closed))({ body: form({ token: 'x' }) })).status).toBe(401)
  })
})

describe.each([
  ['a web request', mountWeb],
  ['a request of node:http', mountNode],
])('createIntrospectionEndpoint (RFC 7662), by %s', (_, mount) => {
  test('tells an API of an access token for it', async () => {
    const { introspection, issueTo } = party()
    const ask = await mount(introspection)
    const { access_token: token } = await issueTo('app')
    const answer = await ask({ headers: basic('orders'), body: form({ token }) })
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      'application/json; charset=utf-8',
      'no-store',
    ])
    expect(await answer.json()).toMatchObject({ active: true, sub: 'user-1', client_id: 'app', scope: 'profile' })
  })

  test('tells nothing of a token for another API, nor of a refresh token', async () => {
    const { introspection, issueTo, tokens } = party()
    const ask = await mount(introspection)
    const other = await tokens.issueAccessToken({ clientId: 'app', audience: 'https://other.example' })
    for (const token of [other.access_token, (await issueTo('app')).refresh_token, 'unknown']) {
      const answer = await ask({ headers: basic('orders'), body: form({ token }) })
      expect(await answer.json()).toEqual({ active: false })
    }
  })

  test('tells a stranger nothing', async () => {
    const { introspection, issueTo } = party()
    const ask = await mount(introspection)
    const { access_token: token } = await issueTo('app')
    expect((await ask({ body: form({ token }) })).status).toBe(401)
  })

  test('signs the answer for the caller where it asks for that (RFC 9701)', async () => {
    const { introspection, issueTo, tokens } = party()
    const ask = await mount(introspection)
    const other = await tokens.issueAccessToken({ clientId: 'app', audience: 'https://other.example' })
    for (const [token, active] of [
      [(await issueTo('app')).access_token, true] as const,
      [other.access_token, false] as const,
    ]) {
      const answer = await ask({ headers: { ...basic('orders'), accept: signed }, body: form({ token }) })
      const jwt = await answer.text()
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, signed])
      expect(decodeProtectedHeader(jwt).typ).toBe('token-introspection+jwt')
      expect(decodeJwt(jwt)).toMatchObject({ iss: issuer, aud: 'orders', token_introspection: { active } })
    }
  })

  test.each([
    [`application/json;q=0.5, ${signed}`, signed],
    [`Application/Token-Introspection+JWT ; q=0.9`, signed],
    [`application/json, ${signed};q=0.5`, 'application/json; charset=utf-8'],
    [`${signed};q=0`, 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['application/*', 'application/json; charset=utf-8'],
  ])('to Accept: %s answers %s', async (accept, type) => {
    const ask = await mount(party().introspection)
    const answer = await ask({ headers: { ...basic('orders'), accept }, body: form({ token: 'x' }) })
    expect(answer.headers.get('content-type')).toBe(type)
  })
})

describe('TokenEndpoint', () => {
  const post = (body: string): Request => {
    const headers = { ...basic('orders'), 'content-type': 'application/x-www-form-urlencoded' }
    return new Request('https://app.example/', { method: 'POST', headers, body })
  }

  test('leaves what is not ours to the app', async () => {
    const failing = createRevocationEndpoint({
      tokens: party().tokens,
      authenticate: () => {
        throw new TypeError('a bug')
      },
    })
    await expect(failing.fetch(post('token=x'))).rejects.toThrow(TypeError)
    const url = await listen(failing)
    expect((await fetch(url, { method: 'POST', body: form({ token: 'x' }) })).status).toBe(500)
  })

  test('refuses a caller whose APIs are not named, rather than telling it of all tokens', async () => {
    const { tokens } = party()
    const endpoint = createIntrospectionEndpoint({ tokens, authenticate: () => ({ clientId: 'orders' }) as never })
    await expect(endpoint.fetch(post('token=x'))).rejects.toThrow(ConfigError)
  })

  test('says so when somebody has read the body before', async () => {
    const { introspection } = party()
    const request = post('token=x')
    await request.text()
    await expect(introspection.fetch(request)).rejects.toThrow(ConfigError)
    const parsed = parsedBy('application/x-www-form-urlencoded')
    await expect(introspection.node(parsed, {} as never)).rejects.toThrow(ConfigError)
  })

  test('tells a client that it sent no form, also where a parser has read that before', async () => {
    const { introspection } = party()
    const request = new Request('https://app.example/', { method: 'POST', body: '{}' })
    await request.text()
    expect((await introspection.fetch(request)).status).toBe(400)
    const answer = { statusCode: 0, setHeader: () => {}, end: vi.fn<(body?: string) => void>() }
    await introspection.node(parsedBy('application/json'), answer)
    expect([answer.statusCode, JSON.parse(answer.end.mock.calls[0]?.[0] ?? '')]).toEqual([
      400,
      { error: 'invalid_request', error_description: expect.any(String) },
    ])
  })

  test.each([undefined, null, 'nobody', {}])('takes no %j as the check of the caller', (authenticate) => {
    const { tokens } = party()
    const options = { tokens, authenticate } as never
    expect(() => createRevocationEndpoint(options)).toThrow(ConfigError)
    expect(() => createIntrospectionEndpoint(options)).toThrow(ConfigError)
  })

  test('serves a client that others wrote: oauth4webapi', async () => {
    const { revocation, introspection, issueTo, keys } = party()
    const jwks_uri = `${issuer}/jwks`
    const server: oauth.AuthorizationServer = {
      issuer,
      jwks_uri,
      revocation_endpoint: await listen(revocation),
      introspection_endpoint: await listen(introspection),
    }
    const insecure = { [oauth.allowInsecureRequests]: true }
    const api: oauth.Client = { client_id: 'orders', introspection_signed_response_alg: 'ES256' }
    const { access_token: token } = await issueTo('app')
    const introspect = async (client: oauth.Client, requestJwtResponse: boolean) => {
      const auth = oauth.ClientSecretBasic(secrets.orders)
      const options = { ...insecure, requestJwtResponse }
      const response = await oauth.introspectionRequest(server, client, auth, token, options)
      const answer = await oauth.processIntrospectionResponse(server, client, response)
      if (requestJwtResponse) {
        const jwks = async (): Promise<Response> => Response.json(await keys.jwks())
        await oauth.validateApplicationLevelSignature(server, response, { [oauth.customFetch]: jwks })
      }
      return answer
    }
    expect(await introspect(api, false)).toMatchObject({ active: true, sub: 'user-1' })
    expect(await introspect(api, true)).toMatchObject({ active: true, sub: 'user-1' })
    const revoke = async (secret: string): Promise<void> => {
      const client = { client_id: 'app' }
      const auth = oauth.ClientSecretBasic(secret)
      const response = await oauth.revocationRequest(server, client, auth, token, insecure)
      return oauth.processRevocationResponse(response)
    }
    await expect(revoke('wrong')).rejects.toMatchObject({ cause: [{ scheme: 'basic' }] })
    await revoke(secrets.app)
    expect(await introspect(api, true)).toEqual({ active: false })
  })
})

/** A request of node:http whose body of this type a framework has read and parsed. */
function parsedBy(type: string): UnreadNodeRequest {
  return Object.assign(endless(), { method: 'POST', headers: { 'content-type': type }, body: { token: 'x' } })
}

/** A body without end: reading it to the end would hang the test. */
function endless(): ReadableStream<Uint8Array> {
  const piece = new TextEncoder().encode('x'.repeat(10_000))
  return new ReadableStream({ pull: (controller) => controller.enqueue(piece) })
}
