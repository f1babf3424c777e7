import { randomBytes } from 'node:crypto'
import { createKeyRing, createTokenIssuer, memoryStore, type Shared } from '@tessera-auth/core'
import { describe, expect, test } from 'vitest'
import { listen } from '../listen.ts'
import { billingApp } from './billing.ts'
import { ordersApp } from './orders.ts'

const newShared = (origin: string): Shared => ({
  store: memoryStore(),
  secrets: [randomBytes(32).toString('base64url')],
  origin,
})

/** Both services; each is told the other's URL, and nothing more. */
async function startBoth() {
  let issuer = ''
  const started: { shared?: Shared } = {}
  const ordersUrl = await listen((url) => (request, response) => ordersFor(url)(request, response))
  const ordersFor = cached((url: string) => ordersApp({ issuer, audience: url }))
  issuer = await listen((url) => {
    started.shared = newShared(url)
    return billingApp({ shared: started.shared, ordersUrl })
  })
  if (!started.shared) throw new Error('not started')
  return { issuer, ordersUrl, shared: started.shared }
}

/** Service B is made at its first request, when A's URL is known. */
function cached<Made>(make: (url: string) => Made): (url: string) => Made {
  let made: Made | undefined
  return (url) => (made ??= make(url))
}

const call = (url: string, token: string) => fetch(`${url}/orders`, { headers: { authorization: `Bearer ${token}` } })

describe('service A calls service B', () => {
  test('B knows who called from A’s public keys alone', async () => {
    const { issuer } = await startBoth()
    const answer = await fetch(`${issuer}/open-orders`)
    expect([answer.status, await answer.json()]).toEqual([200, { orders: ['a', 'b'], for: 'billing' }])
  })

  test('the key is replaced and nobody notices', async () => {
    const { issuer, shared } = await startBoth()
    expect((await fetch(`${issuer}/open-orders`)).status).toBe(200)
    await createKeyRing(shared).rotate()
    expect((await fetch(`${issuer}/open-orders`)).status).toBe(200)
  })

  test.each([
    ['a token for another service', { audience: 'https://other.example', scope: 'orders:read' }, 401],
    ['a token without the scope', { scope: 'orders:write' }, 403],
  ])('%s is refused', async (_, grant, status) => {
    const { ordersUrl, shared } = await startBoth()
    const tokens = createTokenIssuer({ ...shared, keys: createKeyRing(shared), audience: ordersUrl })
    const { access_token } = await tokens.issueAccessToken({ clientId: 'billing', ...grant })
    expect((await call(ordersUrl, access_token)).status).toBe(status)
  })

  test('a token that somebody else signed in A’s name is refused', async () => {
    const { issuer, ordersUrl } = await startBoth()
    const foreign = newShared(issuer)
    const tokens = createTokenIssuer({ ...foreign, keys: createKeyRing(foreign), audience: ordersUrl })
    const { access_token } = await tokens.issueAccessToken({ clientId: 'billing', scope: 'orders:read' })
    expect((await call(ordersUrl, access_token)).status).toBe(401)
  })
})
