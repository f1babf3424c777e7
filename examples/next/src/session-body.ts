/** Sessions and users as the JSON routes tell them. */
import type { UserSession } from '@tessera-auth/core'
import type { User } from './users.ts'

/** What a body says of a user. */
export interface UserBody {
  readonly id: string
  readonly email: string | null
}

/** What a body says of a session: everything but its data and owner. Times are epoch seconds. */
export type SessionBody = Omit<UserSession<unknown>, 'userId' | 'data'> & { readonly current: boolean }

/** A user, for a body. */
export function userBody({ id, email }: User): UserBody {
  return { id, email }
}

/** A session, for a body; the id is public. */
export function sessionBody(session: UserSession<unknown>, currentId: string): SessionBody {
  const { id, createdAt, authenticatedAt, lastSeenAt, expiresAt, methods, device } = session
  return { id, createdAt, authenticatedAt, lastSeenAt, expiresAt, methods, device, current: id === currentId }
}
