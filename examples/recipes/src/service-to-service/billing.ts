/** Service A: signs a token for service B with a key of its own, and publishes the public half. */
import { createKeyRing, createTokenIssuer, type Shared } from '@tessera-auth/core'
import express, { type Express } from 'express'

/** What service A is told. */
export interface BillingOptions {
  readonly shared: Shared
  /** Where service B answers; the token is good for nothing else. */
  readonly ordersUrl: string
}

/** `/open-orders` asks service B; `/.well-known/jwks.json` is all that B ever learns of A. */
export function billingApp({ shared, ordersUrl }: BillingOptions): Express {
  const keys = createKeyRing(shared)
  const tokens = createTokenIssuer({ ...shared, keys, audience: ordersUrl })
  const app = express()
  app.get('/.well-known/jwks.json', async (_request, response) => {
    response.set('Cache-Control', keys.jwksCacheControl).json(await keys.jwks())
  })
  app.get('/open-orders', async (_request, response) => {
    const { access_token } = await tokens.issueAccessToken({ clientId: 'billing', scope: 'orders:read' })
    const answer = await fetch(`${ordersUrl}/orders`, { headers: { authorization: `Bearer ${access_token}` } })
    response.status(answer.status).json(await answer.json())
  })
  return app
}
