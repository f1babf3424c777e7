/** One of three processes on one key ring: issues tokens, verifies those of the others, answers the JWKS. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { createKeyRing, createTokenIssuer, createTokenVerifier } from '@tessera-auth/core'
import { sqliteStore } from '@tessera-auth/store-sql'

const [path = '', issuer = ''] = process.argv.slice(2)
const audience = 'https://api.example'
const store = sqliteStore(new DatabaseSync(path))
await store.migrate()
const secrets = ['a secret of this measurement, 32 characters or more']
const keys = createKeyRing({
  store,
  secrets,
  rotateEverySeconds: 3,
  jwksMaxAgeSeconds: 1,
  ringRefreshSeconds: 1,
  clockSkewSeconds: 0,
  longestTokenSeconds: 5,
})
const tokens = createTokenIssuer({ store, secrets, origin: issuer, audience, keys, accessTokenSeconds: 5 })
const verifier = createTokenVerifier({ store, keys, issuer, audience })

const server = createServer((_request, response) => {
  keys.jwks().then(
    (jwks) => response.setHeader('cache-control', keys.jwksCacheControl).end(JSON.stringify(jwks)),
    () => response.writeHead(503).end(),
  )
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

process.on('message', ({ id, token }: { id: number; token?: string }) => {
  void (async () => {
    if (token !== undefined) process.send?.({ id, isGood: (await verifier.verify(token).catch(() => null)) !== null })
    else process.send?.({ id, token: (await tokens.issueAccessToken({ clientId: 'load' })).access_token })
  })()
})
process.on('disconnect', () => process.exit())
