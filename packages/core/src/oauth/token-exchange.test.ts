import { describe, expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { tokenExchangeGrant } from './exchange-token.js'
import { type AskedOf, recordedNetwork, type RecordedNetwork } from './fixtures/recorded-provider.js'
import { oidc } from './providers/oidc.js'
import { createTokenExchange } from './token-exchange.js'
import { createTokenVault } from './token-vault.js'

const issuer = 'https://login.acme.example'
const api = 'https://api.acme.example'
const provider = oidc({ name: 'acme', issuer, clientId: 'app', clientSecret: 'for tests', apiOrigins: [api] })
const issued = 'urn:ietf:params:oauth:token-type:access_token'
const good = { access_token: 'narrow', token_type: 'Bearer', expires_in: 300, scope: 'read', issued_token_type: issued }

/** A provider whose token endpoint answers an exchange like this; `undefined` leaves a member out. */
function exchanging(change: Record<string, unknown> = {}): RecordedNetwork {
  return recordedNetwork({
    [`${issuer}/.well-known/openid-configuration`]: {
      issuer,
      token_endpoint: `${issuer}/token`,
      grant_types_supported: [tokenExchangeGrant],
    },
    [`${issuer}/token`]: { ...good, ...change },
  })
}

describe('RFC 8693 §2.2.1', () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['a refresh token', { issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
    ['an ID token', { issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
    ['a token of a type that is not told', { issued_token_type: undefined }],
    ['a token that is bound to a key', { token_type: 'DPoP' }],
    ['a token that is no access token', { token_type: 'N_A' }],
  ]
  test.each(wrong)('%s is provider_error', async (_name, change) => {
    const { platform } = exchanging(change)
    const exchange = createTokenExchange({ provider, platform })
    await expect(exchange.exchange('subject')).rejects.toMatchObject({ code: 'provider_error' })
  })

  test.each(wrong)('%s is not delegated', async (_name, change) => {
    const { platform } = exchanging(change)
    const secrets = ['a secret for tests only, which has 32 characters or more']
    const vault = createTokenVault({ store: memoryStore(), secrets, providers: [provider], platform })
    const tokens = { provider: 'acme', accessToken: 'at', refreshToken: null, expiresAt: null, scope: 'read' }
    await vault.save('ada', { tokens: { ...tokens, resource: null, idToken: null, dpopKey: null } })
    const delegated = vault.delegate('ada', 'acme', { scope: 'read', resource: api })
    await expect(delegated).rejects.toMatchObject({ code: 'provider_error' })
  })

  test('a bearer access token is the answer', async () => {
    const { platform } = exchanging()
    const tokens = await createTokenExchange({ provider, platform }).exchange('subject')
    expect(tokens).toMatchObject({ provider: 'acme', accessToken: 'narrow', scope: 'read', dpopKey: null })
  })
})

describe('what is asked for', () => {
  const narrowing: [string, { scope?: string; resource?: string } | undefined][] = [
    ['nothing is named', undefined],
    ['scope and resource are undefined', { scope: undefined, resource: undefined } as object],
    ['scope and resource are empty', { scope: '', resource: '' }],
  ]
  test.each(narrowing)('is the factory’s scope and resource where %s', async (_name, narrow) => {
    const network = exchanging()
    const exchange = createTokenExchange({ provider, scope: 'read', resource: api, platform: network.platform })
    await exchange.exchange('subject', narrow)
    expect(formOf(network)).toMatchObject({ scope: 'read', resource: api })
  })

  test('is the call’s own scope, resource and actor where they are named', async () => {
    const network = exchanging()
    const exchange = createTokenExchange({ provider, scope: 'read', resource: api, platform: network.platform })
    await exchange.exchange('subject', { scope: 'list', resource: `${api}/lists`, actorToken: 'actor' })
    expect(formOf(network)).toMatchObject({ scope: 'list', resource: `${api}/lists`, actor_token: 'actor' })
  })
})

function formOf({ asked }: RecordedNetwork): object {
  const request: AskedOf | undefined = asked.find(({ url }) => url === `${issuer}/token`)
  return Object.fromEntries(request?.form ?? [])
}
