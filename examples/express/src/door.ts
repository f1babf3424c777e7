/** What every route starts with: who asks, and what they sent. */
import type { RequestAuth } from '@tessera-auth/core'
import type { Request } from 'express'
import type { AccountRequest } from './accounts.ts'
import type { Cart } from './cart.ts'

/** The door of this app's requests. */
export interface Door {
  getAuth(request: Request): RequestAuth<Cart>
  accountRequest(request: Request): AccountRequest
}

/** Makes it from the adapter's `getAuth`. */
export function createDoor(getAuth: Door['getAuth']): Door {
  return {
    getAuth,
    accountRequest: (request) => ({
      auth: getAuth(request),
      body: request.body,
      address: request.ip ?? 'gone', // the connection closed meanwhile
    }),
  }
}
