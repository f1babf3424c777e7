import { createServer } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { readConfig } from './config.ts'
import { openProvider } from './provider.ts'

const secrets = { APP_SECRETS: 'a secret of thirty-two characters or more', IDP_CLIENT_SECRET: 'for-this-test-only' }

afterEach(() => vi.restoreAllMocks())

async function freePort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return String(typeof address === 'object' ? address?.port : address)
}

describe('openProvider', () => {
  async function warnings(settings: Record<string, string>): Promise<unknown[]> {
    const error = vi.spyOn(console, 'error').mockReturnValue()
    const opened = await openProvider(readConfig({ ...secrets, IDP_PORT: await freePort(), ...settings }))
    await opened.close()
    return error.mock.calls.flat()
  }

  test('warns in one line that the local one signs in anybody, where the app is for others', async () => {
    const lines = await warnings({ ORIGIN: 'https://app.example' })
    expect(lines).toEqual([expect.stringMatching(/^IDP_ISSUER is not set: [^\n]+$/)])
  })

  test.each([
    [{ ORIGIN: 'http://localhost:3000' }],
    [{ ORIGIN: 'https://app.example', IDP_ISSUER: 'https://id.example', IDP_CLIENT_ID: 'app' }],
  ])('is silent with %o', async (settings) => {
    expect(await warnings(settings)).toEqual([])
  })
})
