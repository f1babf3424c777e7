/** What every route starts with: who asks, and what they sent. */
import type { RequestAuth } from '@tessera-auth/core'
import type { FastifyRequest } from 'fastify'
import type { AccountRequest } from './accounts.ts'
import type { Cart } from './cart.ts'

/** The door of this app's requests. */
export interface Door {
  getAuth(request: Pick<FastifyRequest, 'raw'>): RequestAuth<Cart>
  accountRequest(request: Pick<FastifyRequest, 'raw' | 'body' | 'ip'>): AccountRequest
}

/** Makes it from the adapter's `getAuth`. */
export function createDoor(getAuth: Door['getAuth']): Door {
  return {
    getAuth,
    accountRequest: (request) => ({ auth: getAuth(request), body: request.body, address: request.ip }),
  }
}
