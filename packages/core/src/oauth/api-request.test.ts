import { testPlatform } from '@tessera-auth/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { JsonWebKey } from '../json-web-key.js'
import { type Platform, systemPlatform } from '../platform.js'
import { memoryStore } from '../store/memory-store.js'
import { createDpopKey } from './dpop.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault, type TokenVault } from './token-vault.js'

const issuer = 'https://login.acme.example'
const api = 'https://api.acme.example'
const url = `${api}/files`
const provider = oidc({ name: 'acme', issuer, clientId: 'app', clientSecret: 'for tests', apiOrigins: [api] })

afterEach(() => vi.restoreAllMocks())

type Answer = (proof: Record<string, unknown> | null, init: RequestInit) => Response | Promise<Response>

/** A platform on which the API answers so, by the proof that was sent (RFC 9449). */
function platformWith(answer: Answer, base: Platform = systemPlatform): Platform {
  return {
    ...base,
    async fetch(asked, init = {}) {
      if (asked !== url) return Response.json({ issuer, token_endpoint: `${issuer}/token` })
      const proof = new Headers(init.headers).get('dpop')?.split('.')[1]
      return answer(
        proof ? (JSON.parse(Buffer.from(proof, 'base64url').toString()) as Record<string, unknown>) : null,
        init,
      )
    },
  }
}

async function vaultFor(platform: Platform, keys: Record<string, JsonWebKey | null>): Promise<TokenVault> {
  const secrets = ['a secret for tests only, which has 32 characters or more']
  const vault = createTokenVault({ store: memoryStore({ platform }), secrets, providers: [provider], platform })
  const tokens = { provider: 'acme', accessToken: 'at', refreshToken: null, expiresAt: null, scope: '' }
  for (const [user, dpopKey] of Object.entries(keys)) {
    await vault.save(user, { tokens: { ...tokens, resource: null, idToken: null, dpopKey } })
  }
  return vault
}

/** An API that wants a nonce in each proof; what nonces it saw. */
function wantingNonce(): { answer: Answer; seen: unknown[] } {
  const seen: unknown[] = []
  const answer: Answer = (proof) => {
    seen.push(proof?.nonce)
    if (proof?.nonce === 'n1') return new Response('done')
    const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n1' }
    return new Response(null, { status: 401, headers })
  }
  return { answer, seen }
}

describe('the nonce of an API (RFC 9449 §9)', () => {
  test('is asked for once for a key, and then sent at once', async () => {
    const { answer, seen } = wantingNonce()
    const vault = await vaultFor(platformWith(answer), { ada: await createDpopKey(), bob: await createDpopKey() })
    for (const user of ['ada', 'ada', 'bob', 'ada', 'bob']) {
      expect((await vault.fetch(user, 'acme', url)).status).toBe(200)
    }
    expect(seen).toEqual([undefined, 'n1', 'n1', undefined, 'n1', 'n1', 'n1'])
  })

  test('is sent with a stream, once it is known', async () => {
    const vault = await vaultFor(platformWith(wantingNonce().answer), { ada: await createDpopKey() })
    const sent = async (): Promise<number> => {
      const init = { method: 'POST', body: new Blob(['stream']).stream() }
      return (await vault.fetch('ada', 'acme', url, init)).status
    }
    expect([await sent(), await sent()]).toEqual([401, 200])
  })
})

test('a proof tells the platform’s time, also with a key that was used before', async () => {
  const clock = testPlatform()
  const times: unknown[] = []
  const platform = platformWith((proof) => {
    times.push(proof?.iat)
    return new Response('done')
  }, clock)
  const start = clock.now()
  const vault = await vaultFor({ ...platform, now: () => clock.now() }, { ada: await createDpopKey() })
  await vault.fetch('ada', 'acme', url)
  clock.advance(5000)
  await vault.fetch('ada', 'acme', url)
  expect(times).toEqual([start, start + 5000])
})

describe('the time that an API has to begin its answer', () => {
  test('ends with unavailable', async () => {
    const controller = new AbortController()
    const hanging: Answer = (_proof, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
        controller.abort()
      })
    const vault = await vaultFor(platformWith(hanging), { ada: null })
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(controller.signal)
    await expect(vault.fetch('ada', 'acme', url)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('does not count for the rest of the answer', async () => {
    const controller = new AbortController()
    let given: AbortSignal | null | undefined
    const vault = await vaultFor(
      platformWith((_proof, { signal }) => {
        given = signal
        return new Response('streamed')
      }),
      { ada: null },
    )
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(controller.signal)
    const response = await vault.fetch('ada', 'acme', url)
    controller.abort()
    expect(given?.aborted).toBe(false)
    expect(await response.text()).toBe('streamed')
  })

  test('keeps no process alive once the answer is there', async () => {
    const vault = await vaultFor(
      platformWith(() => new Response('done')),
      { ada: null },
    )
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    for (let calls = 0; calls < 20; calls += 1) await vault.fetch('ada', 'acme', url)
    expect(timers() - before).toBeLessThan(20)
  })
})
