import { testPlatform } from '@tessera-auth/testing'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createAssertionVerifier, createClientAssertions } from './client-assertions.js'
import { issuer, privateJwk, publicHalf } from './fixtures/token-app.js'
import type { AuthEvent } from '../events.js'
import { createSigningKey } from './jws-key.js'
import { checkJwk } from './jwk.js'

const key = privateJwk()

function server() {
  const platform = testPlatform()
  const store = memoryStore({ platform })
  const keysOf = (clientId: string): JsonWebKey[] | null => (clientId === 'billing' ? [publicHalf(key)] : null)
  const start = () => createAssertionVerifier({ store, platform, audience: issuer, keysOf })
  return {
    platform,
    start,
    verifier: start(),
    client: createClientAssertions({ clientId: 'billing', audience: issuer, key, platform }),
  }
}

async function signed(claims: unknown, header: object = {}, signing = key): Promise<string> {
  const checked = checkJwk(signing)
  if (typeof checked === 'string') throw new Error(checked)
  return createSigningKey(checked).sign({ typ: 'client-authentication+jwt', ...header }, JSON.stringify(claims))
}

describe('client assertions (RFC 7523 §3)', () => {
  test('prove a client by its key', async () => {
    const { verifier, client } = server()
    expect(await verifier.verify(await client.assertion())).toBe('billing')
  })

  test('are good once, over two processes and however many ask at once', async () => {
    const { start, client } = server()
    const assertion = await client.assertion()
    const verifiers = [start(), start()]
    const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => verifiers[at % 2]?.verify(assertion)))
    expect(answers.filter((answer) => answer === 'billing')).toHaveLength(1)
  })

  test('stay used after they expired', async () => {
    const { verifier, client, platform } = server()
    const assertion = await client.assertion()
    await verifier.verify(assertion)
    platform.advance(64)
    expect(await verifier.verify(assertion)).toBe(null)
  })

  test('are refused when one claim is not right', async () => {
    const { verifier, platform } = server()
    const now = platform.now()
    const good = { iss: 'billing', sub: 'billing', aud: issuer, iat: now, exp: now + 60, jti: 'j' }
    const wrong: object[] = [
      { iss: 'other', sub: 'other' },
      { iss: undefined },
      { sub: 'other' },
      { sub: undefined },
      { aud: 'https://app.example.evil' },
      { aud: [issuer, 'https://other.example'] },
      { aud: [] },
      { aud: undefined },
      { exp: undefined },
      { exp: String(now + 60) },
      { exp: now - 5 },
      { exp: now + 306 },
      { nbf: now + 6 },
      { iat: now + 6 },
      { iat: 'now' },
      { jti: undefined },
      { jti: '' },
    ]
    for (const change of wrong) expect(await verifier.verify(await signed({ ...good, ...change }))).toBe(null)
    expect(await verifier.verify(await signed({ ...good, aud: [issuer] }))).toBe('billing')
  })

  test.each(['at+jwt', 'dpop+jwt', 'logout+jwt'])('are no tokens of typ %s', async (typ) => {
    const { verifier, platform } = server()
    const claims = { iss: 'billing', sub: 'billing', aud: issuer, exp: platform.now() + 60, jti: 'j' }
    expect(await verifier.verify(await signed(claims, { typ }))).toBe(null)
  })

  test('are refused when another key signed, or a secret', async () => {
    const { verifier, platform } = server()
    const claims = { iss: 'billing', sub: 'billing', aud: issuer, exp: platform.now() + 60, jti: 'j' }
    expect(await verifier.verify(await signed(claims, {}, privateJwk()))).toBe(null)
    expect(await verifier.verify(await signed(claims, {}, privateJwk('HS256')))).toBe(null)
  })

  describe('against a key set as clients publish it (RFC 7517 §5)', () => {
    const p384 = { kty: 'EC', crv: 'P-384', x: 'A'.repeat(64), y: 'A'.repeat(64), kid: 'p384' }
    const others = [
      { ...publicHalf(key), use: 'enc', kid: 'e' },
      p384,
      privateJwk('HS256'),
      publicHalf(key),
      null as never,
    ]
    const verify = async (keys: JsonWebKey[]) => {
      const { platform, client } = server()
      const reasons: unknown[] = []
      const onEvent = ({ reason }: AuthEvent): void => void reasons.push(reason)
      const store = memoryStore({ platform })
      const verifier = createAssertionVerifier({ store, platform, audience: issuer, onEvent, keysOf: () => keys })
      return { client: await verifier.verify(await client.assertion()), reasons }
    }

    test('keys for something else are passed over', async () => {
      expect(await verify([...others, publicHalf(key)])).toEqual({ client: 'billing', reasons: [] })
    })

    test('anything but a list is a mistake that is named', async () => {
      await expect(verify({ keys: [publicHalf(key)] } as never)).rejects.toThrow('keysOf: expected a list')
    })

    test.each([
      ['no key', []],
      ['no key that fits', others.slice(0, 3)],
    ])('%s is a no', async (_title, keys) => {
      expect(await verify(keys)).toEqual({ client: null, reasons: ['assertion_refused'] })
    })
  })

  test('need somebody who knows the keys', () => {
    const options = { store: memoryStore(), audience: issuer, keysOf: undefined as never }
    expect(() => createAssertionVerifier(options)).toThrow('keysOf: expected a function, received undefined')
  })

  test.each([undefined, null, '', 'x', 'a.b.c', {}, ['a']])('refuse %j', async (assertion) => {
    expect(await server().verifier.verify(assertion)).toBe(null)
  })

  test('need a private key to be made, and bounded lives', () => {
    const options = { clientId: 'c', audience: issuer }
    expect(() => createClientAssertions({ ...options, key: publicHalf(key) })).toThrow('key')
    expect(() => createClientAssertions({ ...options, key: privateJwk('HS256') })).toThrow('key')
    expect(() => createClientAssertions({ ...options, key, lifetimeSeconds: 301 })).toThrow('lifetimeSeconds')
  })
})
