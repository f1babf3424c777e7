import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import {
  createKeyRing,
  createSessions,
  createTokenIssuer,
  createTokenVerifier,
  memoryStore,
  type TokenEndpoint,
} from '@tessera-auth/core'
import express from 'express'
import fastify from 'fastify'
import * as oauth from 'oauth4webapi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../listen.ts'
import { onExpress, onFastify } from './mounts.ts'
import { tokenEndpoints } from './token-endpoints.ts'

type Endpoints = Readonly<Record<'revocation' | 'introspection', TokenEndpoint>>

const issuer = 'https://app.example'
const secret = 'the secret of both, + and % and : in it'
const insecure = { [oauth.allowInsecureRequests]: true }

const frameworks: Readonly<Record<string, (endpoints: Endpoints) => Promise<string>>> = {
  async Express({ revocation, introspection }) {
    const app = express()
    app.use('/oauth/revoke', onExpress(revocation))
    app.use('/oauth/introspect', onExpress(introspection))
    app.use(express.json(), express.urlencoded())
    return listen(() => app)
  },
  async Fastify({ revocation, introspection }) {
    const app = fastify()
    await app.register(onFastify(revocation), { prefix: '/oauth/revoke' })
    await app.register(onFastify(introspection), { prefix: '/oauth/introspect' })
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  },
}

/** A framework with both endpoints, and a client that others wrote. */
async function start(serve: (endpoints: Endpoints) => Promise<string>) {
  const shared = { store: memoryStore(), secrets: [randomBytes(32).toString('base64url')], origin: issuer }
  const audience = 'https://orders.example'
  const keys = createKeyRing(shared)
  const tokens = createTokenIssuer({ ...shared, keys, audience })
  const verifier = createTokenVerifier({ ...shared, keys, issuer, audience })
  const endpoints = tokenEndpoints({
    tokens,
    verifier,
    clients: { app: secret },
    apis: { orders: { secret, audience } },
  })
  const url = await serve(endpoints)
  const server: oauth.AuthorizationServer = {
    issuer,
    revocation_endpoint: `${url}/oauth/revoke`,
    introspection_endpoint: `${url}/oauth/introspect`,
  }
  const api: oauth.Client = { client_id: 'orders', introspection_signed_response_alg: 'ES256' }
  return {
    url,
    async grant() {
      const sessions = createSessions({ store: shared.store })
      return tokens.issue({ attempt: await sessions.beginLogin('ada'), clientId: 'app', scope: 'profile' })
    },
    async introspect(token: string, as = secret, requestJwtResponse = false) {
      const options = { ...insecure, requestJwtResponse }
      const auth = oauth.ClientSecretBasic(as)
      const response = await oauth.introspectionRequest(server, api, auth, token, options)
      return oauth.processIntrospectionResponse(server, api, response)
    },
    async revoke(token: string, as = secret) {
      const auth = oauth.ClientSecretBasic(as)
      const response = await oauth.revocationRequest(server, { client_id: 'app' }, auth, token, insecure)
      return oauth.processRevocationResponse(response)
    },
  }
}

describe.each(Object.entries(frameworks))('on %s', (_name, serve) => {
  test('an API asks about a token, plainly and signed, until its client revokes it', async () => {
    const { grant, introspect, revoke } = await start(serve)
    const { access_token: token } = await grant()
    expect(await introspect(token)).toMatchObject({ active: true, sub: 'ada', scope: 'profile', client_id: 'app' })
    expect(await introspect(token, secret, true)).toMatchObject({ active: true, sub: 'ada' })
    await revoke(token)
    expect(await introspect(token)).toEqual({ active: false })
    expect(await introspect(token, secret, true)).toEqual({ active: false })
  })

  test('a refresh token that is revoked takes the access token along', async () => {
    const { grant, introspect, revoke } = await start(serve)
    const { access_token, refresh_token = '' } = await grant()
    await revoke(refresh_token)
    expect(await introspect(access_token)).toEqual({ active: false })
  })

  test('nobody asks or revokes without the secret', async () => {
    const { grant, introspect, revoke } = await start(serve)
    const { access_token: token } = await grant()
    await expect(introspect(token, 'wrong')).rejects.toMatchObject({ cause: [{ scheme: 'basic' }] })
    await expect(revoke(token, 'wrong')).rejects.toMatchObject({ cause: [{ scheme: 'basic' }] })
    expect(await introspect(token)).toMatchObject({ active: true })
  })

  test('a body that is no form, or too large, is refused', async () => {
    const { url } = await start(serve)
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"token":"x"}' }
    expect((await fetch(`${url}/oauth/revoke`, json)).status).toBe(400)
    const large = { method: 'POST', body: new URLSearchParams({ token: 'x'.repeat(200_000) }) }
    expect((await fetch(`${url}/oauth/revoke`, large)).status).toBe(413)
    expect((await fetch(`${url}/oauth/introspect`)).headers.get('allow')).toBe('POST')
  })
})
