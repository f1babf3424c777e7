import { describe, expect, test } from 'vitest'
import { systemPlatform } from '../platform.js'
import { createDeviceFlow, type DeviceFlow } from './device-flow.js'
import { recordedNetwork, type RecordedNetwork } from './fixtures/recorded-provider.js'
import { github } from './providers/github.js'

const tokenUrl = 'https://github.com/login/oauth/access_token'
const client = { clientId: 'cli', clientSecret: 'for tests' }

/** A device flow whose token endpoint answers these, one after the other, then tokens; and how long it waited. */
function flowWith(
  answers: (() => Response)[],
  interval?: number,
): { flow: DeviceFlow; waits: number[]; network: RecordedNetwork } {
  const waits: number[] = []
  const network = recordedNetwork({
    'https://github.com/login/device/code': {
      ...{ device_code: 'dc', user_code: 'WDJB-MJHT', verification_uri: 'https://github.com/login/device' },
      ...{ expires_in: 900, ...(interval !== undefined && { interval }) },
    },
    [tokenUrl]: () => answers.shift()?.() ?? Response.json({ access_token: 'at', token_type: 'bearer', scope: 'repo' }),
    'https://api.github.com/user': { id: 1, login: 'octocat' },
  })
  const platform = { ...network.platform, sleep: async (milliseconds: number) => void waits.push(milliseconds) }
  return { flow: createDeviceFlow({ provider: github(client), scope: 'repo', platform }), waits, network }
}

const saying = (error: string) => (): Response => Response.json({ error })

describe('RFC 8628 §3.5', () => {
  test('waits between tries, and five seconds more after each slow_down', async () => {
    const { flow, waits } = flowWith([saying('authorization_pending'), saying('slow_down'), saying('slow_down')])
    const { tokens } = await flow.finish(await flow.begin())
    expect(tokens).toMatchObject({ provider: 'github', accessToken: 'at', scope: 'repo' })
    expect(waits).toEqual([5000, 5000, 10_000, 15_000])
  })

  test('waits as long as the provider says', async () => {
    const { flow, waits } = flowWith([saying('authorization_pending')], 8)
    await flow.finish(await flow.begin())
    expect(waits).toEqual([8000, 8000])
  })

  test('a provider that fails is asked again, later', async () => {
    const { flow, waits } = flowWith([() => new Response('down', { status: 502 })])
    await flow.finish(await flow.begin())
    expect(waits).toEqual([5000, 10_000])
  })

  const ends: [string, string][] = [
    ['access_denied', 'access_denied'],
    ['expired_token', 'transaction_missing'],
    ['incorrect_client_credentials', 'provider_error'],
  ]
  test.each(ends)('%s ends the waiting with %s', async (error, code) => {
    const { flow, network } = flowWith([saying(error)])
    await expect(flow.finish(await flow.begin())).rejects.toMatchObject({ code })
    expect(network.asked.filter(({ url }) => url === tokenUrl)).toHaveLength(1)
  })

  test('the waiting ends when the code has', async () => {
    const { network } = flowWith(Array.from({ length: 1000 }, () => saying('authorization_pending')))
    let now = systemPlatform.now()
    const platform = { ...network.platform, now: () => now, sleep: async () => void (now += 5) }
    const flow = createDeviceFlow({ provider: github(client), scope: 'repo', platform })
    await expect(flow.finish(await flow.begin())).rejects.toMatchObject({ code: 'transaction_missing' })
    expect(network.asked.filter(({ url }) => url === tokenUrl)).toHaveLength(900 / 5 - 1)
  })

  test('what begin returns holds no device code', async () => {
    const { flow } = flowWith([])
    expect(JSON.stringify(await flow.begin())).not.toContain('dc')
  })
})
