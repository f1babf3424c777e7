/** What revocation.ts revokes: sessions, and access tokens by each of the calls that end one. */
import { createSessions, createTokenIssuer, type Session, staticKeyRing } from '@tessera-auth/core'
import type { Store } from '@tessera-auth/core/store'

/** The `aud` and `iss` of the tokens that are measured. */
export const audience = 'https://api.example'
export const issuer = 'https://app.example'

/** What lets somebody in, and the call that takes it back. */
export interface Credential {
  /** How it is taken back, for the name of a row. */
  readonly how: string
  readonly text: string
  readonly revoke: () => Promise<unknown>
}

/** Makes so many sessions. */
export async function grantSessions(store: Store, count: number): Promise<Credential[]> {
  const { signIn, sessions } = openLogins(store)
  return times(count, async (n) => {
    const { session, token } = await signIn(`user-${n}`)
    return { how: 'session', text: token, revoke: () => sessions.revoke(`user-${n}`, session.id) }
  })
}

/** Makes so many access tokens for each way of ending one: jti, login, user, client. */
export async function grantAccessTokens(store: Store, key: JsonWebKey, count: number): Promise<Credential[]> {
  const { signIn, sessions } = openLogins(store)
  const secrets = ['a secret of this measurement, 32 characters or more']
  const keys = staticKeyRing([key])
  const tokens = createTokenIssuer({ store, secrets, keys, origin: issuer, audience, accessTokenSeconds: 3600 })
  const ways = [
    async (n: number) => {
      const { session } = await signIn(`holder-${n}`)
      const { access_token: text } = await tokens.issueAccessToken({ session })
      return { how: 'access token by its jti', text, revoke: () => tokens.revoke(text) }
    },
    async (n: number) => {
      const { session } = await signIn(`login-${n}`)
      const { access_token: text } = await tokens.issue({ session })
      return { how: 'access token by its login', text, revoke: () => sessions.revoke(`login-${n}`, session.id) }
    },
    async (n: number) => {
      const { session } = await signIn(`everywhere-${n}`)
      const { access_token: text } = await tokens.issue({ session })
      return { how: 'access token by its user', text, revoke: () => sessions.revokeAll(`everywhere-${n}`) }
    },
    async (n: number) => {
      const { access_token: text } = await tokens.issueAccessToken({ clientId: `client-${n}` })
      return { how: 'access token by its client', text, revoke: () => tokens.revokeClient(`client-${n}`) }
    },
  ]
  // One of each in turn, so that all ways are measured under the same load.
  return (await times(count, async (n) => Promise.all(ways.map((grant) => grant(n))))).flat()
}

function openLogins(store: Store) {
  const sessions = createSessions({ store })
  const signIn = async (userId: string): Promise<{ session: Session; token: string }> =>
    sessions.create({ attempt: await sessions.beginLogin(userId), methods: ['pwd'] })
  return { sessions, signIn }
}

function times<Result>(count: number, make: (n: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, async (_, n) => make(n)))
}
