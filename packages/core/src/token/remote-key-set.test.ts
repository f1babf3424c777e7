import { testPlatform } from '@tessera-auth/testing'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { audience, issuer, privateJwk, publicHalf, tokenApp } from './fixtures/token-app.js'
import { staticKeyRing } from './key-ring.js'
import { createTokenVerifier } from './token-verifier.js'

const jwk = privateJwk()
const servers: Server[] = []
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))))

const unavailable = expect.objectContaining({ code: 'unavailable' })
const keySet = (...keys: JsonWebKey[]): string => JSON.stringify({ keys: keys.map((key) => publicHalf(key)) })

/** A verifier whose network is a function, on a clock that stands still. */
function remote(answer: () => Response | Promise<Response>) {
  const requests: string[] = []
  const platform = testPlatform({
    fetch: async (url) => {
      requests.push(url)
      return answer()
    },
  })
  const verifier = createTokenVerifier({
    jwksUri: 'https://app.example/keys',
    issuer,
    audience,
    platform,
    maxStaleSeconds: 1000,
  })
  const tokens = (keys: JsonWebKey) =>
    tokenApp({ keys: staticKeyRing([keys]), platform, accessTokenSeconds: 5000 }).tokens
  const tokenBy = async (key: JsonWebKey): Promise<string> =>
    (await tokens(key).issueAccessToken({ clientId: 'c' })).access_token
  return { requests, platform, verifier, tokenBy }
}

function json(body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers: { 'content-type': 'application/json', ...headers } })
}

describe('jwksUri', () => {
  test('fetches once for many callers, and not again while the answer is young', async () => {
    const { verifier, requests, tokenBy, platform } = remote(() => json(keySet(jwk)))
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenBy(jwk)))
    for (const claims of await Promise.all(tokens.map((token) => verifier.verify(token)))) expect(claims).not.toBe(null)
    platform.advance(200)
    expect(await verifier.verify(tokens[0] ?? '')).not.toBe(null)
    expect(requests).toEqual(['https://app.example/keys'])
  })

  test('fetches again once the answer is as old as it said', async () => {
    const { verifier, requests, tokenBy, platform } = remote(() =>
      json(keySet(jwk), { 'cache-control': 'public, max-age=60' }),
    )
    const token = await tokenBy(jwk)
    await verifier.verify(token)
    platform.advance(61)
    await verifier.verify(token)
    expect(requests).toHaveLength(2)
  })

  test.each([
    ['299', 30],
    ['100', 200],
    ['5000', 30],
    ['300, 7', 30],
    ['-1', 300],
    ['soon', 300],
  ])('takes off what a cache on the way has kept it: of max-age 300 at Age %s', async (age, left) => {
    const { verifier, requests, tokenBy, platform } = remote(() =>
      json(keySet(jwk), { 'cache-control': 'public, max-age=300', age }),
    )
    const token = await tokenBy(jwk)
    await verifier.verify(token)
    platform.advance(left * 0.7)
    await verifier.verify(token)
    expect(requests).toHaveLength(1)
    platform.advance(left * 0.3 + 0.1)
    await verifier.verify(token)
    expect(requests).toHaveLength(2)
  })

  test('fetches in the background shortly before that', async () => {
    const { verifier, requests, tokenBy, platform } = remote(() =>
      json(keySet(jwk), { 'cache-control': 'max-age=100' }),
    )
    const token = await tokenBy(jwk)
    await verifier.verify(token)
    platform.advance(80)
    await verifier.verify(token)
    expect(requests).toHaveLength(2)
  })

  test('finds a key that was published a moment ago, with one fetch for a storm', async () => {
    const next = privateJwk()
    let published = [jwk]
    const { verifier, requests, tokenBy, platform } = remote(() => json(keySet(...published)))
    await verifier.verify(await tokenBy(jwk))
    published = [jwk, next]
    platform.advance(6)
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenBy(next)))
    for (const claims of await Promise.all(tokens.map((token) => verifier.verify(token)))) expect(claims).not.toBe(null)
    expect(requests).toHaveLength(2)
  })

  test('fetches at most once in five seconds for kids that nobody has', async () => {
    const { verifier, requests, tokenBy, platform } = remote(() => json(keySet(jwk)))
    for (let second = 0; second < 30; second += 1) {
      const forged = await tokenBy({ ...privateJwk(), kid: `unknown-${second}` } as JsonWebKey)
      expect(await verifier.verify(forged)).toBe(null)
      platform.advance(1)
    }
    expect(requests.length).toBeLessThanOrEqual(6)
  })

  test('fetches as often as an issuer with a short max-age needs it, and no more than once a second', async () => {
    for (const [maxAge, most] of [
      [1, 10],
      [0, 10],
    ]) {
      const { verifier, requests, tokenBy, platform } = remote(() =>
        json(keySet(jwk), { 'cache-control': `max-age=${maxAge}` }),
      )
      const token = await tokenBy(jwk)
      for (let step = 0; step < 100; step += 1) {
        expect(await verifier.verify(token)).not.toBe(null)
        platform.advance(0.1)
      }
      expect(requests.length).toBeLessThanOrEqual(most ?? 0)
      expect(requests.length).toBeGreaterThan(5)
    }
  })

  test('forgets a key that is published no more, remembered tokens included', async () => {
    const next = privateJwk()
    let published = [jwk, next]
    const { verifier, tokenBy, platform } = remote(() => json(keySet(...published)))
    const token = await tokenBy(jwk)
    expect(await verifier.verify(token)).not.toBe(null)
    published = [next]
    platform.advance(301)
    expect(await verifier.verify(token)).toBe(null)
  })

  test('works on with the last keys while the issuer is down, within the stated bound', async () => {
    let isDown = false
    const { verifier, tokenBy, platform } = remote(() => {
      if (isDown) throw new TypeError('fetch failed')
      return json(keySet(jwk))
    })
    const token = await tokenBy(jwk)
    await verifier.verify(token)
    isDown = true
    platform.advance(1299)
    expect(await verifier.verify(token)).not.toBe(null)
    platform.advance(2)
    await expect(verifier.verify(token)).rejects.toEqual(unavailable)
    isDown = false
    platform.advance(6)
    expect(await verifier.verify(token)).not.toBe(null)
  })

  test('does not let every request wait for an issuer that does not answer', async () => {
    let isHanging = false
    const { verifier, requests, tokenBy, platform } = remote(() =>
      isHanging ? Promise.reject(new TypeError('slow')) : json(keySet(jwk), { 'cache-control': 'max-age=10' }),
    )
    const token = await tokenBy(jwk)
    await verifier.verify(token)
    isHanging = true
    platform.advance(11)
    for (let index = 0; index < 20; index += 1) expect(await verifier.verify(token)).not.toBe(null)
    expect(requests).toHaveLength(2)
  })

  test.each([
    ['status 500', () => new Response('{}', { status: 500 })],
    ['no JSON', () => json('<html>')],
    ['a list', () => json('[]')],
    ['no keys', () => json('{}')],
    ['too many keys', () => json(keySet(...Array.from({ length: 101 }, () => jwk)))],
    ['a member named twice', () => json('{"keys":[],"keys":[]}')],
    ['more than 256 KiB', () => json(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
  ])('cannot know with %s', async (_title, answer) => {
    const { verifier, tokenBy } = remote(answer)
    await expect(verifier.verify(await tokenBy(jwk))).rejects.toEqual(unavailable)
  })

  test('passes over keys that it cannot use', async () => {
    const others = [
      { kty: 'EC', crv: 'P-521' },
      { kty: 'oct', k: 'x'.repeat(43) },
      null,
      7,
      { ...publicHalf(jwk), use: 'enc', kid: 'e' },
    ]
    const { verifier, tokenBy } = remote(() => json(JSON.stringify({ keys: [...others, publicHalf(jwk)] })))
    expect(await verifier.verify(await tokenBy(jwk))).not.toBe(null)
  })

  test('never takes a secret from the network', async () => {
    const secret = privateJwk('HS256')
    const { verifier, tokenBy } = remote(() => json(JSON.stringify({ keys: [secret] })))
    expect(await verifier.verify(await tokenBy(secret))).toBe(null)
  })
})

describe('over real HTTP', () => {
  test('reads an issuer’s key set', async () => {
    const uri = await listen((_request, response) => void response.end(keySet(jwk)))
    expect(await verifyFrom(uri)).not.toBe(null)
  })

  test('follows no redirect', async () => {
    const target = await listen((_request, response) => void response.end(keySet(jwk)))
    const uri = await listen((_request, response) => void response.writeHead(302, { location: target }).end())
    await expect(verifyFrom(uri)).rejects.toEqual(unavailable)
  })

  test('stops reading an answer without an end', async () => {
    let sent = 0
    const uri = await listen((_request, response) => {
      const send = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536))) sent += 65_536
      }
      response.on('drain', send).on('error', () => {})
      send()
    })
    await expect(verifyFrom(uri)).rejects.toEqual(unavailable)
    expect(sent).toBeLessThan(20_000_000)
  })
})

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
}

async function verifyFrom(jwksUri: string): Promise<unknown> {
  const { tokens } = tokenApp({ keys: staticKeyRing([jwk]), platform: testPlatform({ now: systemPlatform.now() }) })
  const { access_token } = await tokens.issueAccessToken({ clientId: 'c' })
  return createTokenVerifier({ jwksUri, issuer, audience }).verify(access_token)
}
