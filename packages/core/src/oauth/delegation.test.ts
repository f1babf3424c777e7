import { describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { memoryStore } from '../store/memory-store.js'
import { createDpopKey } from './dpop.js'
import { tokenExchangeGrant } from './exchange-token.js'
import { recordedNetwork } from './fixtures/recorded-provider.js'
import type { ProviderTokens } from './identity.js'
import { oidc } from './providers/oidc.js'
import { createTokenVault, type DelegatedToken } from './token-vault.js'

const issuer = 'https://clinic.example'
const now = systemPlatform.now()
const stored: ProviderTokens = {
  ...{ provider: 'clinic', accessToken: 'stored', refreshToken: null, expiresAt: now + 600, scope: 'read' },
  ...{ resource: null, idToken: null, dpopKey: null },
}

/** What is handed out of a stored token; `exchanged`: what a provider with token exchange answers of the narrower one. */
async function delegate(change: Partial<ProviderTokens>, exchanged: object | null): Promise<DelegatedToken> {
  const token = { access_token: 'narrow', token_type: 'Bearer', scope: 'read' }
  const { platform } = recordedNetwork({
    [`${issuer}/.well-known/openid-configuration`]: {
      ...{ issuer, token_endpoint: `${issuer}/token` },
      ...(exchanged && { grant_types_supported: [tokenExchangeGrant] }),
    },
    [`${issuer}/token`]: { ...token, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', ...exchanged },
  })
  const vault = createTokenVault({
    store: memoryStore(),
    secrets: ['a secret for tests only, which has 32 characters or more'],
    providers: [oidc({ name: 'clinic', issuer, clientId: 'app', clientSecret: 'for tests', apiOrigins: [issuer] })],
    dangerouslyDelegateStoredTokensOf: ['clinic'],
    platform: { ...platform, now: () => now },
  })
  await vault.save('ada', { tokens: { ...stored, ...change } })
  return vault.delegate('ada', 'clinic', { scope: 'read', resource: `${issuer}/api` })
}

describe('delegate', () => {
  test.each([
    ['a narrowed token', {}, { expires_in: 3600 }, { access_token: 'narrow', expires_in: 3600 }],
    ['the stored token', {}, null, { access_token: 'stored', expires_in: 600 }],
  ])('hands out %s that ends within an hour', async (_title, change, exchanged, delegated) => {
    expect(await delegate(change, exchanged)).toEqual({ token_type: 'Bearer', scope: 'read', ...delegated })
  })

  test.each([
    ['a narrowed token without an end', {}, {}],
    ['a narrowed token that is over', {}, { expires_in: 0 }],
    ['a narrowed token for longer than an hour', {}, { expires_in: 3601 }],
    ['a stored token without an end', { expiresAt: null }, null],
  ])('keeps back %s', async (_title, change, exchanged) => {
    await expect(delegate(change, exchanged)).rejects.toMatchObject({
      code: 'delegation_refused',
      details: { reason: 'lifetime' },
    })
  })

  test('keeps back a stored token that is bound to a key: without the key it is no token', async () => {
    await expect(delegate({ dpopKey: await createDpopKey() }, null)).rejects.toMatchObject({
      code: 'delegation_refused',
      details: { reason: 'provider_cannot' },
    })
  })

  test('keeps back the stored token where the exchange gives it back', async () => {
    await expect(delegate({}, { access_token: 'stored', expires_in: 600 })).rejects.toMatchObject({
      code: 'delegation_refused',
      details: { reason: 'same_token' },
    })
  })
})
