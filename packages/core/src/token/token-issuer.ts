/** Issues, refreshes and revokes tokens. */
import { AuthError } from '../errors.js'
import { isLate } from '../internal/late.js'
import { requireText } from '../internal/options.js'
import { createLoginRecords, presentedDigest } from '../store/login-records.js'
import { isScope, isWithinScope } from './access-token.js'
import { createAccessTokenWriter, type Login, type WrittenToken } from './access-token-writer.js'
import { createIntrospection, type Introspection } from './introspection.js'
import { checkIssuerOptions, type TokenIssuerOptions } from './issuer-settings.js'
import { type Family, familyRecords, newFamily } from './refresh-family.js'
import { readPresented, type RefreshedFamily, refreshFamily, type RefreshOptions } from './refresh-rotation.js'
import { createRefreshTokenCodec } from './refresh-token.js'
import { createRevocations } from './revocation.js'
import {
  aboutFamily,
  checkGrant,
  familyLogin,
  grantLogin,
  type TokenFamily,
  type TokenGrant,
  type TokenResponse,
  toTokenFamily,
} from './token-grant.js'

/** See each method; all may throw `StoreError`. */
export interface TokenIssuer extends Introspection {
  /**
   * An access token and a refresh token, which starts a family. For a client itself only the access token (RFC 6749 §4.4.3).
   * One insert and a fresh read; withdrawn if the login ended meanwhile. Throws `unauthenticated`, `invalid_scope`, `invalid_request`.
   */
  issue(grant: TokenGrant): Promise<TokenResponse>
  /** An access token alone. Throws as `issue`. */
  issueAccessToken(grant: TokenGrant): Promise<TokenResponse>
  /**
   * The next pair, or inside the retry window the same refresh token with another access token. At most one compare-and-swap.
   * Throws `invalid_grant`, `invalid_scope`, and `invalid_request` for what is no text.
   */
  refresh(refreshToken: unknown, options?: RefreshOptions): Promise<TokenResponse>
  /**
   * RFC 7009, either kind; an unknown token is fine. A refresh token takes its family and all access tokens of it along. With
   * `clientId` only what was issued to that client, else `invalid_grant` (§2.1).
   */
  revoke(token: unknown, options?: { readonly clientId?: string }): Promise<void>
  /** Every token and family of a client issued until now, within the clock skew. One compare-and-swap. */
  revokeClient(clientId: string): Promise<void>
  /** The living refresh families of a user, newest first. Those of a revoked client are among them until they are used. */
  listFamilies(userId: string): Promise<TokenFamily[]>
  /** Ends one family of a user, with its access tokens. `false`: not that user's. */
  endFamily(userId: string, familyId: string): Promise<boolean>
}

/**
 * Makes the issuer. Access tokens are JWTs as RFC 9068 says; refresh tokens are opaque.
 *
 * Throws `ConfigError` for options that cannot work together.
 *
 * @example
 * ```ts
 * const tokens = createTokenIssuer({ ...shared, keys: createKeyRing(shared), audience: 'https://api.example' })
 * const pair = await tokens.issue({ session, scope: 'profile' })
 * ```
 */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const settings = checkIssuerOptions(options)
  const { platform, emit, store, timing } = settings
  const logins = createLoginRecords(store, platform)
  const revocations = createRevocations(store, platform)
  const families = familyRecords(store, platform)
  const codec = createRefreshTokenCodec(platform, options.secrets)
  const rotation = { platform, emit, families, codec, timing, logins, revocations }
  const writer = createAccessTokenWriter(settings)
  const introspection = createIntrospection({ ...settings, families, codec, revocations, logins })

  /**
   * Signed first: a family whose answer cannot be made would be listed as living, and held by nobody. Then inserted, and
   * checked after: whatever ends the login from now on finds the record, or is found here.
   */
  async function startFamily(grant: TokenGrant, lifetimeSeconds: number): Promise<RefreshedFamily> {
    const { session, attempt } = grant
    const userId = session ? session.userId : (attempt?.userId ?? null)
    if (userId === null) throw new AuthError('unauthenticated')
    const { key, value, expiresAt } = newFamily(
      platform,
      {
        sessionId: session?.id ?? null,
        clientId: grant.clientId ?? settings.issuer,
        audience: grant.audience ?? settings.audience,
        scope: grant.scope ?? null,
        claims: grant.claims ?? {},
        authTime: session ? session.authenticatedAt : platform.now(),
        jkt: grant.jkt ?? null,
      },
      { timing: { ...timing, familySeconds: lifetimeSeconds }, secretId: codec.secretId, now: platform.now() },
    )
    const written = await sign(familyLogin({ key, owner: userId, value }), value.scope)
    try {
      const family = await families.insert({ key, owner: userId, value, expiresAt })
      if (family && (await isStillGood(grant))) return { family, written }
      throw new AuthError('unauthenticated')
    } catch (error) {
      // Whatever went wrong, nobody was given the token yet: the record is taken back, and the error stands.
      const removing = families.remove(key).catch(() => false)
      if (!isLate(error)) await removing
      throw error
    }
  }

  async function isStillGood({ session, attempt }: TokenGrant): Promise<boolean> {
    if (!session) return attempt !== undefined && logins.holds(attempt)
    const digest = presentedDigest(session)
    return digest !== undefined && logins.isCurrent(session.id, digest)
  }

  function sign(login: Login, scope: string | null): WrittenToken | Promise<WrittenToken> {
    return writer.write(scope === login.scope ? login : { ...login, scope })
  }

  /** No refresh token: of a session, of the client itself, or a login of its own, which needs a record to be ended by. */
  async function issueAlone(grant: TokenGrant): Promise<TokenResponse> {
    const { session, attempt, scope = null } = grant
    const userId = session ? session.userId : null
    if (session && (userId === null || !(await isStillGood(grant)))) throw new AuthError('unauthenticated')
    const started = attempt ? await startFamily(grant, settings.accessTokenSeconds) : null
    const login = started ? familyLogin(started.family) : grantLogin(grant, settings)
    const response = respond(login, { written: started?.written ?? (await sign(login, scope)), scope })
    emit('token.issued', { userId: started?.family.owner ?? userId, sessionId: login.sid })
    return response
  }

  function withFamily(family: Family, written: WrittenToken, scope: string | null): TokenResponse {
    const { secretId, generation, seed } = family.value
    const refreshToken = codec.write({ selector: family.key, generation, seed }, secretId)
    if (refreshToken === null) throw new AuthError('invalid_grant')
    return respond(familyLogin(family), { written, refreshToken, scope })
  }

  return {
    introspect: introspection.introspect,
    introspectSigned: introspection.introspectSigned,
    async issue(grant) {
      checkGrant(grant)
      if (!grant.session && !grant.attempt) return issueAlone(grant)
      const { family, written } = await startFamily(grant, timing.familySeconds)
      const response = withFamily(family, written, family.value.scope)
      emit('token.issued', aboutFamily(family))
      return response
    },
    async issueAccessToken(grant) {
      checkGrant(grant)
      return issueAlone(grant)
    },
    async refresh(refreshToken, refreshOptions = {}) {
      if (typeof refreshToken !== 'string' || refreshToken === '')
        throw new AuthError('invalid_request', { form: 'oauth' })
      const { scope } = refreshOptions
      if (scope !== undefined && !isScope(scope)) throw new AuthError('invalid_scope')
      if (scope !== undefined) await requireNarrower(refreshToken, scope)
      const { family, written } = await refreshFamily(rotation, {
        ...refreshOptions,
        text: refreshToken,
        sign: (found) => sign(familyLogin(found), scope ?? found.value.scope),
      })
      const response = withFamily(family, written, scope ?? family.value.scope)
      emit('token.refreshed', aboutFamily(family))
      return response
    },
    async revoke(token, { clientId } = {}) {
      if (typeof token !== 'string' || token === '') throw new AuthError('invalid_request', { form: 'oauth' })
      const presented = await readPresented(rotation, token)
      if (presented) {
        requireOwner(presented.family.value.clientId, clientId)
        if (await families.remove(presented.family.key)) emit('token.revoked', aboutFamily(presented.family))
        return
      }
      const claims = await introspection.readOwn(token)
      if (!claims) return
      requireOwner(claims.client_id, clientId)
      if (!(await revocations.revokeToken(claims))) return
      emit('token.revoked', { userId: claims.sid === undefined ? null : claims.sub, sessionId: claims.sid ?? null })
    },
    async revokeClient(clientId) {
      requireText('clientId', clientId)
      await revocations.revokeClient(clientId, platform.now() + timing.clockSkewSeconds)
      emit('token.revoked', { reason: 'client' })
    },
    async listFamilies(userId) {
      const [found, { entries }] = await Promise.all([families.list(userId), logins.loginsOf(userId)])
      const now = platform.now()
      const living = new Set(entries.filter(({ expiresAt }) => now < (expiresAt ?? Infinity)).map(({ key }) => key))
      // A family opens nothing without its session, though its record may be there until it is met.
      const usable = found.filter(({ value: { sessionId } }) => sessionId === null || living.has(sessionId))
      return usable.map(toTokenFamily).toSorted((left, right) => right.createdAt - left.createdAt)
    },
    async endFamily(userId, familyId) {
      const family = await families.read(familyId, { fresh: true })
      if (family?.owner !== userId || !(await families.remove(familyId))) return false
      emit('token.revoked', aboutFamily(family))
      return true
    },
  }

  /** Before anything is rotated: a scope that was never granted is the caller's mistake, not the end of a token. */
  async function requireNarrower(refreshToken: string, scope: string): Promise<void> {
    const presented = await readPresented(rotation, refreshToken)
    if (presented && !isWithinScope(scope, presented.family.value.scope ?? undefined))
      throw new AuthError('invalid_scope')
  }
}

function respond(
  { jkt }: Login,
  answer: { readonly written: WrittenToken; readonly refreshToken?: string; readonly scope: string | null },
): TokenResponse {
  const { written, refreshToken, scope } = answer
  return {
    access_token: written.token,
    token_type: jkt === null ? 'Bearer' : 'DPoP',
    expires_in: written.expiresIn,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(scope === null ? {} : { scope }),
  }
}

// `undefined`: whoever calls answers for it.
function requireOwner(owner: string, clientId: string | undefined): void {
  if (clientId !== undefined && clientId !== owner) throw new AuthError('invalid_grant')
}
