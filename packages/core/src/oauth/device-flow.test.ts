import { describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { createCibaFlow } from './ciba-flow.js'
import { createDeviceFlow, type DeviceFlow } from './device-flow.js'
import { recordedNetwork, type RecordedNetwork } from './fixtures/recorded-provider.js'
import { oidc } from './providers/oidc.js'

const issuer = 'https://login.acme.example'
const metadataUrl = `${issuer}/.well-known/openid-configuration`
const answer = { device_code: 'dc', user_code: 'WDJB-MJHT', verification_uri: `${issuer}/device`, expires_in: 600 }

/** A network in which the device endpoint answers so. */
function answering(change: object): RecordedNetwork {
  return recordedNetwork({
    [metadataUrl]: { issuer, token_endpoint: `${issuer}/token`, device_authorization_endpoint: `${issuer}/device` },
    [`${issuer}/device`]: { ...answer, ...change },
    [`${issuer}/token`]: () => Response.json({ error: 'authorization_pending' }, { status: 400 }),
  })
}

function flowWith(change: object, options: object = {}): DeviceFlow {
  const provider = oidc({ name: 'acme', issuer, clientId: 'cli', ...options })
  return createDeviceFlow({ provider, platform: answering(change).platform })
}

describe('where the user is sent', () => {
  const refused: [string, string][] = [
    ['a script', 'javascript:alert(document.cookie)//'],
    ['a document of its own', 'data:text/html,<script>alert(1)</script>'],
    ['plain http', 'http://login.acme.example/device'],
    ['a name and password', 'https://login.acme.example@evil.example/device'],
    ['no URL', 'login.acme.example/device'],
  ]
  test.each(refused)('%s is provider_error', async (_name, uri) => {
    for (const change of [{ verification_uri: uri }, { verification_uri_complete: uri }]) {
      await expect(flowWith(change).begin()).rejects.toMatchObject({
        code: 'provider_error',
        details: { reason: 'address_refused' },
      })
    }
  })

  test('an https address is, in a private network too', async () => {
    const uri = 'https://192.168.0.7/device'
    const complete = `${uri}?user_code=WDJB-MJHT`
    const pending = await flowWith({ verification_uri: uri, verification_uri_complete: complete }).begin()
    expect(pending).toMatchObject({ verificationUri: uri, verificationUriComplete: complete })
  })

  test('plain http on this machine is where private networks are allowed', async () => {
    const change = { verification_uri: 'http://localhost:8080/device' }
    const pending = await flowWith(change, { dangerouslyAllowPrivateNetwork: true }).begin()
    expect(pending).toMatchObject({ verificationUri: 'http://localhost:8080/device', verificationUriComplete: null })
  })
})

describe('the interval', () => {
  test.each([3601, 3_000_000, 1e300])('%d seconds are provider_error', async (interval) => {
    const reason = { code: 'provider_error', details: { reason: 'interval' } }
    await expect(flowWith({ interval }).begin()).rejects.toMatchObject(reason)
    const { platform } = recordedNetwork({
      [metadataUrl]: {
        issuer,
        token_endpoint: `${issuer}/token`,
        backchannel_authentication_endpoint: `${issuer}/ciba`,
      },
      [`${issuer}/ciba`]: { auth_req_id: 'id', expires_in: 600, interval },
    })
    const ciba = createCibaFlow({ provider: oidc({ name: 'acme', issuer, clientId: 'cli' }), platform })
    await expect(ciba.begin({ loginHint: 'ada' })).rejects.toMatchObject(reason)
  })

  test('nobody waits beyond the end of the code', async () => {
    const network = answering({ interval: 3600 })
    const waits: number[] = []
    let now = systemPlatform.now()
    const sleep = async (milliseconds: number): Promise<void> => {
      waits.push(milliseconds)
      now += milliseconds / 1000
    }
    const platform = { ...network.platform, now: () => now, sleep }
    const flow = createDeviceFlow({ provider: oidc({ name: 'acme', issuer, clientId: 'cli' }), platform })
    await expect(flow.finish(await flow.begin())).rejects.toMatchObject({ code: 'transaction_missing' })
    expect(waits).toEqual([600_000])
    expect(network.asked.filter(({ url }) => url === `${issuer}/token`)).toEqual([])
  })
})
