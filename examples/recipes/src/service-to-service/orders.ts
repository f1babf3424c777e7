/** Service B: no secret, no database and nothing else in common with service A. */
import { createAuthenticator, createTokenVerifier } from '@tessera-auth/core'
import { expressAdapter } from '@tessera-auth/express'
import express, { type Express } from 'express'

/** Who may call, and what for. */
export interface OrdersOptions {
  /** Service A's origin; its keys are read from there. */
  readonly issuer: string
  /** This service's own URL: a token for another is refused. */
  readonly audience: string
}

/** `/orders` for whoever has a token with the scope `orders:read`. */
export function ordersApp({ issuer, audience }: OrdersOptions): Express {
  const verifier = createTokenVerifier({ issuer, audience, jwksUri: `${issuer}/.well-known/jwks.json` })
  const { middleware, errorHandler, getAuth } = expressAdapter(createAuthenticator({ verifier }))
  const app = express().use(middleware)
  app.get('/orders', async (request, response) => {
    const { client_id: client } = await getAuth(request).requireScope('orders:read')
    response.json({ orders: ['a', 'b'], for: client })
  })
  return app.use(errorHandler)
}
