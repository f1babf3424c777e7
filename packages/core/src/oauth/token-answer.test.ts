import { describe, expect, test } from 'vitest'
import { type Platform, systemPlatform } from '../platform.js'
import { createDeviceFlow } from './device-flow.js'
import { recordedNetwork } from './fixtures/recorded-provider.js'
import type { GrantedLogin } from './identity.js'
import { oidc } from './providers/oidc.js'

const issuer = 'https://login.acme.example'
const now = 1_800_000_000
const good = { access_token: 'at', token_type: 'Bearer', expires_in: 600, refresh_token: 'rt' }

/** The login of a device flow whose token endpoint answers so. */
async function loginWith(change: Record<string, unknown>): Promise<GrantedLogin> {
  const asked = new Set<string | null>()
  const network = recordedNetwork({
    [`${issuer}/.well-known/openid-configuration`]: {
      issuer,
      token_endpoint: `${issuer}/token`,
      device_authorization_endpoint: `${issuer}/device`,
    },
    [`${issuer}/device`]: { device_code: 'dc', user_code: 'uc', verification_uri: `${issuer}/d`, expires_in: 60 },
    // What cannot be read is asked for again, and then it is too late.
    [`${issuer}/token`]: ({ form }) => {
      const again = asked.has(form.get('device_code'))
      asked.add(form.get('device_code'))
      return again ? Response.json({ error: 'expired_token' }, { status: 400 }) : Response.json({ ...good, ...change })
    },
  })
  const platform: Platform = { ...systemPlatform, fetch: network.platform.fetch, now: () => now, sleep: async () => {} }
  const flow = createDeviceFlow({ provider: oidc({ name: 'acme', issuer, clientId: 'cli' }), scope: 'read', platform })
  return flow.finish(await flow.begin())
}

describe('a member of a token answer that is null or empty counts as absent', () => {
  const absent: [string, Record<string, unknown>, object][] = [
    ['refresh_token: null', { refresh_token: null }, { refreshToken: null, expiresAt: now + 600 }],
    ["refresh_token: ''", { refresh_token: '' }, { refreshToken: null, expiresAt: now + 600 }],
    ['expires_in: null', { expires_in: null }, { refreshToken: 'rt', expiresAt: null }],
    ["expires_in: ''", { expires_in: '' }, { refreshToken: 'rt', expiresAt: null }],
    ['id_token: null', { id_token: null }, { idToken: null }],
    ["id_token: ''", { id_token: '' }, { idToken: null }],
    ['scope: null', { scope: null }, { scope: 'read' }],
    ['error: null', { error: null }, { accessToken: 'at' }],
  ]
  test.each(absent)('%s', async (_name, change, expected) => {
    expect((await loginWith(change)).tokens).toMatchObject({ accessToken: 'at', ...expected })
  })

  test.each(['access_token', 'token_type'])('%s must be there', async (name) => {
    for (const value of [null, '', undefined]) {
      await expect(loginWith({ [name]: value })).rejects.toMatchObject({ code: 'transaction_missing' })
    }
  })

  test.each([
    ['600', 600],
    [0, 0],
    [1.5, 1],
  ])('expires_in: %j is as many seconds', async (expiresIn, seconds) => {
    expect((await loginWith({ expires_in: expiresIn })).tokens.expiresAt).toBe(now + seconds)
  })
})
