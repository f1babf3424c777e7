/** What people do with their accounts. Each takes the request's door and its body; routes and pages share them. */
import { AuthError, type RequestAuth, type Session, type Sessions, type UserSession } from '@tessera-auth/core'
import type { Passwords } from '@tessera-auth/password'
import { AppError } from './app-error.ts'
import type { Attempts } from './attempts.ts'
import { optionalFlag, textField } from './body.ts'
import type { Cart } from './cart.ts'
import { emailKey, newUserId, readEmail, type User, type Users } from './users.ts'

/** One request: who asks, what they sent, and from where. */
export interface AccountRequest {
  readonly auth: RequestAuth<Cart>
  readonly body: unknown
  /** The visitor's IP address. */
  readonly address: string
}

/** Somebody signed in. */
export interface SignedIn {
  readonly user: User
  readonly session: UserSession<Cart>
}

/** What accounts are made of. */
export interface AccountParts {
  readonly users: Users
  readonly passwords: Passwords
  readonly sessions: Sessions<Cart>
  readonly attempts: Attempts
  readonly recentAuthSeconds: number
  /** Removes what else is kept of a user. */
  forget(userId: string): Promise<void>
}

/** Accounts; see each method. */
export interface Accounts {
  signUp(request: AccountRequest): Promise<SignedIn>
  signIn(request: AccountRequest): Promise<SignedIn>
  /** Who is signed in; `unauthenticated` also where the account is gone. */
  whoami(auth: RequestAuth<Cart>): Promise<SignedIn>
  reauthenticate(request: AccountRequest): Promise<UserSession<Cart>>
  changePassword(request: AccountRequest): Promise<void>
  /** Ends the logins of password changes that were cut short, by a crash or an outage. */
  finishEndings(): Promise<void>
  /** Ends one of one's own sessions; `not_found` for any other. */
  endSession(auth: RequestAuth<Cart>, sessionId: string): Promise<void>
  /** Ends all sessions but this one; how many. */
  endOtherSessions(auth: RequestAuth<Cart>): Promise<number>
  /** Removes the account and everything that is theirs; asks for a recent proof. */
  remove(auth: RequestAuth<Cart>): Promise<void>
}

const methods = ['pwd']

/** Makes them. */
export function createAccounts(parts: AccountParts): Accounts {
  const { users, passwords, sessions, attempts } = parts

  async function whoami(auth: RequestAuth<Cart>): Promise<SignedIn> {
    const session = await auth.requireSession()
    const user = await users.byId(session.userId)
    if (!user) throw new AuthError('unauthenticated')
    return { user, session }
  }

  async function checkPassword(user: User | null, password: string): Promise<User> {
    const { ok, newHash } = await passwords.verify({ password, hash: user?.passwordHash })
    if (!user || !ok) throw new AuthError('invalid_credentials')
    if (newHash === null || !(await users.replaceHash(user, newHash))) return user
    return { ...user, passwordHash: newHash }
  }

  function proveAgain({ user }: SignedIn, password: string, address: string): Promise<User> {
    return attempts.run({ account: accountOf(user), address }, () => checkPassword(user, password))
  }

  return {
    whoami,
    async signUp({ auth, body }) {
      const [email, password] = [readEmail(textField(body, 'email')), textField(body, 'password')]
      if (email === null) throw new AuthError('invalid_request', { field: 'email' })
      const id = newUserId()
      const attempt = await auth.beginLogin(id) // first, as it refuses what another site sent
      const user = { id, email, emailVerified: false, passwordHash: await passwords.hash(password, [email]) }
      if (!(await users.create(user))) throw new AppError('email_taken')
      return { user, session: await auth.signIn(attempt, { methods }) }
    },
    async signIn({ auth, body, address }) {
      const [typed, password] = [textField(body, 'email'), textField(body, 'password')]
      const remember = optionalFlag(body, 'remember') ?? true
      const email = readEmail(typed)
      const attempt = await auth.beginLogin((await users.byEmail(email))?.id ?? null) // before the hash is read
      const account = emailKey(email ?? `not an address: ${typed}`)
      const user = await attempts.run({ account, address }, async () =>
        checkPassword(await users.byEmail(email), password),
      )
      return { user, session: await auth.signIn(attempt, { methods, remember }) }
    },
    async reauthenticate({ auth, body, address }) {
      const password = textField(body, 'password')
      await proveAgain(await whoami(auth), password, address)
      return auth.reauthenticate({ methods })
    },
    async changePassword({ auth, body, address }) {
      const [current, chosen] = [textField(body, 'currentPassword'), textField(body, 'newPassword')]
      const user = await proveAgain(await whoami(auth), current, address)
      const hash = await passwords.hash(chosen, user.email === null ? [] : [user.email])
      // Somebody changed it in between: what was proven is no longer the password.
      if (!(await users.changeHash(user, hash))) throw new AuthError('invalid_credentials')
      await endOthers(parts, user.id, () => auth.reauthenticate({ methods }))
    },
    async finishEndings() {
      for (const userId of await users.unended()) {
        await sessions.revokeAll(userId)
        await users.ended(userId)
      }
    },
    async endSession(auth, sessionId) {
      const session = await auth.requireSession()
      if (sessionId === session.id) return auth.signOut()
      if (!(await sessions.revoke(session.userId, sessionId))) throw new AuthError('not_found')
    },
    async endOtherSessions(auth) {
      const session = await auth.requireSession()
      return sessions.revokeAll(session.userId, { except: session })
    },
    async remove(auth) {
      const { userId } = await auth.requireRecentAuth(parts.recentAuthSeconds)
      // What could lead back to the account goes first, so that a removal cut short can be asked for again.
      await parts.forget(userId)
      await users.remove(userId)
      await sessions.revokeAll(userId)
      await auth.signOut()
    },
  }
}

/** An account without an address has its id as name; no address looks like one. */
function accountOf({ id, email }: User): string {
  return email === null ? id : emailKey(email)
}

/** Ends every session but the one that `rotate` gives a new token; all of them where it cannot. */
async function endOthers(
  { sessions, users }: AccountParts,
  userId: string,
  rotate: () => Promise<Session<Cart>>,
): Promise<void> {
  const kept = await rotate().catch(async (error: unknown) => {
    await sessions.revokeAll(userId)
    await users.ended(userId) // else who signs in anew would be signed out by the next `finishEndings`
    throw error
  })
  await sessions.revokeAll(userId, { except: kept })
  await users.ended(userId)
}
