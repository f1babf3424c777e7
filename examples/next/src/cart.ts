/** The cart: what this app keeps in a session, for visitors who are not signed in too. */
import { hash } from 'node:crypto'
import { AuthError, type SessionData } from '@tessera-auth/core'

/** What a visitor wants to have. */
export interface Cart {
  readonly items: readonly string[]
}

/** For `createSessions`: what a session starts with, and how a stored cart is read. */
export const cartData: SessionData<Cart> = {
  initial: { items: [] },
  parse(stored) {
    const { items } = stored as { items?: unknown }
    if (!Array.isArray(items) || !items.every((item) => typeof item === 'string')) throw new TypeError('not a cart')
    return { items }
  },
}

/** The version of a cart; it moves when the items do (RFC 9110 §8.8.3). */
export function etagOf({ items }: Cart): string {
  return `"${hash('sha256', JSON.stringify(items), 'base64url').slice(0, 22)}"`
}

/** Throws `conflict` unless the cart is one that `If-Match` names (RFC 9110 §13.1.1); no header names every cart. */
export function requireMatch(cart: Cart, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  const named = ifMatch.split(',').map((tag) => tag.trim()) // ours hold no comma; weak ones (W/) never match
  if (!named.includes(etagOf(cart))) throw new AuthError('conflict')
}
