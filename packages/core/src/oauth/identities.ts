/** Which user an identity belongs to: links in the store, decided by a policy, never by an `if` on an e-mail address. */
import { AuthError } from '../errors.js'
import { createEmit, type Emit } from '../events.js'
import { expected, optionalFunction, requireMethods } from '../internal/options.js'
import { type Platform, sha256Text, systemPlatform } from '../platform.js'
import type { Shared } from '../shared.js'
import { boundedStore } from '../store/bounded-store.js'
import { checkUserId, createLoginRecords, type LoginAttempt, type LoginRecords } from '../store/login-records.js'
import { createRecords, type Records, type Stored } from '../store/records.js'
import { begunIn } from './begun-session.js'
import { storeTimeoutSeconds } from './flow-context.js'
import type { Identity } from './identity.js'
import { defaultLinkPolicy, type LinkEvidence, type LinkPolicy, nextStepOf } from './link-policy.js'
import { settled } from './settled.js'
import { isObject } from './upstream.js'

/** Options of {@link createIdentities}. */
export interface IdentitiesOptions extends Pick<Shared, 'store' | 'onEvent' | 'platform'> {
  /**
   * Makes your user and returns its id. The address is proven only if `identity.emailProven`. Called once for each
   * identity; again where it threw, or where the store was down for so long after it that the link could not be kept. One
   * that finds the user it has made by issuer and subject leaves no user without a link even then.
   */
  createUser(identity: Identity): Promise<string>
  /** The account with this address, and whether it has proven it; `null`: none. */
  findUserByEmail(email: string): Promise<{ readonly id: string; readonly emailVerified: boolean } | null>
  /** Default: {@link defaultLinkPolicy}. */
  readonly policy?: LinkPolicy
}

/** A link as it is listed. */
export type LinkedIdentity = Pick<Identity, 'provider' | 'issuer' | 'subject' | 'email'>

/** Links of identities to users. Every method may throw `StoreError`. */
export interface Identities {
  /**
   * The begun login of the user whom this identity belongs to, linked or made now if the policy allows it; one insert
   * decides between concurrent attempts. Throws 'link_refused' with `nextStep`, and 'conflict' when another attempt of
   * the same identity is making the user and does not get done.
   */
  resolve(
    login: { readonly identity: Identity },
    signedIn: { readonly id?: string; readonly userId: string; readonly authenticatedAt: number } | null,
  ): Promise<LoginAttempt>
  /** The identities linked to a user. */
  list(userId: string): Promise<LinkedIdentity[]>
  /** Removes one link of that user; `false`: there is none. */
  unlink(userId: string, identity: Pick<Identity, 'issuer' | 'subject'>): Promise<boolean>
}

interface Link extends LinkedIdentity {
  readonly v: 1
}

interface Context {
  readonly options: IdentitiesOptions
  readonly platform: Platform
  readonly emit: Emit
  readonly links: Records<Link>
  readonly claims: Records<true>
  readonly logins: LoginRecords
}

/** How long making a user may take before another attempt of the same identity may try; how often that one looks. */
const claimSeconds = 30
/** From then on no try to keep a new user's link begins: the last one, three calls of the store at most, ends with the claim. */
const settleSeconds = 12
const pollMilliseconds = 50
const mostPolls = 100

/**
 * Makes the table of links, kept in the store and not in your user table. Throws `ConfigError`.
 *
 * @example
 * ```ts
 * await auth.signIn(await identities.resolve(login, await auth.session()), login)
 * ```
 */
export function createIdentities(options: IdentitiesOptions): Identities {
  const context = createContext(options)
  const { links, platform, emit } = context
  return {
    async resolve(login, signedIn) {
      try {
        return await resolve(context, login.identity, signedIn)
      } catch (error) {
        if (error instanceof AuthError && error.code === 'link_refused') {
          emit('identity.refused', { userId: signedIn?.userId ?? null, reason: String(error.details.nextStep) })
        }
        throw error
      }
    },
    async list(userId) {
      const found = await links.list(userId)
      return found.map(({ value: { provider, issuer, subject, email } }) => ({ provider, issuer, subject, email }))
    },
    async unlink(userId, identity) {
      const found = await links.read(keyOf(platform, identity), { fresh: true })
      if (found?.owner !== userId || !(await links.remove(found.key, found.version))) return false
      emit('identity.unlinked', { userId })
      return true
    },
  }
}

function createContext(options: IdentitiesOptions): Context {
  requireMethods('store', options.store, ['get', 'insert', 'replace', 'remove', 'listByOwner', 'removeExpired'])
  if (typeof options.createUser !== 'function') throw expected('createUser', 'a function', options.createUser)
  if (typeof options.findUserByEmail !== 'function')
    throw expected('findUserByEmail', 'a function', options.findUserByEmail)
  optionalFunction('policy', options.policy)
  optionalFunction('onEvent', options.onEvent)
  const platform = options.platform ?? systemPlatform
  const store = boundedStore(options.store, platform, storeTimeoutSeconds)
  const emit = createEmit(options.onEvent, platform)
  return {
    options,
    platform,
    emit,
    links: createRecords(store, platform, { kind: 'identity', decode: decodeLink, unreadable: 'error' }),
    claims: createRecords(store, platform, {
      kind: 'identity-claim',
      decode: () => true as const,
      unreadable: 'error',
    }),
    logins: createLoginRecords(store, platform, (userId, sessionId) =>
      emit('session.revoked', { userId, sessionId, reason: 'all_revoked' }),
    ),
  }
}

async function resolve(
  context: Context,
  identity: Identity,
  signedIn: Parameters<Identities['resolve']>[1],
): Promise<LoginAttempt> {
  const key = keyOf(context.platform, identity)
  for (;;) {
    const known = await context.links.read(key, { fresh: true })
    if (known) return beginAs(context, known)
    const evidence = await gather(context, identity, signedIn)
    const decision = (context.options.policy ?? defaultLinkPolicy)(evidence)
    if (decision === 'create') {
      const attempt = await createAndLink(context, key, identity)
      if (attempt) return attempt
      continue
    }
    const userId = decision === 'link' ? (evidence.signedIn?.userId ?? evidence.emailOwner?.id) : undefined
    if (userId === undefined) throw new AuthError('link_refused', { nextStep: nextStepOf(evidence) })
    const attempt = await context.logins.begin(userId)
    if (await link(context, { key, identity, userId, again: false })) return attempt
  }
}

/** The link is looked at once more after the login has begun: one that was removed meanwhile signs nobody in. */
async function beginAs({ links, logins }: Context, known: Stored<Link>): Promise<LoginAttempt> {
  const attempt = await logins.begin(known.owner)
  const still = await links.read(known.key, { fresh: true })
  if (still?.owner !== known.owner) throw new AuthError('link_refused', { nextStep: 'sign_in' })
  return attempt
}

/** A session counts only if the attempt was begun in it: else whoever signed in meanwhile would get the link. */
async function gather(
  { options, platform }: Context,
  identity: Identity,
  signedIn: Parameters<Identities['resolve']>[1],
): Promise<LinkEvidence> {
  const begun = begunIn(identity)
  const counts = signedIn && (begun === undefined || signedIn.id === undefined || begun === signedIn.id)
  const authenticatedSecondsAgo = signedIn ? Math.max(0, platform.now() - signedIn.authenticatedAt) : 0
  return {
    identity,
    signedIn: counts ? { userId: signedIn.userId, authenticatedSecondsAgo } : null,
    emailOwner: identity.email === null ? null : await options.findUserByEmail(identity.email),
  }
}

/** A claim on the identity keeps two first sign-ins at once from making two users. `null`: look again. */
async function createAndLink(context: Context, key: string, identity: Identity): Promise<LoginAttempt | null> {
  const { claims, links, platform, options, logins } = context
  const expiresAt = platform.now() + claimSeconds
  const deadline = platform.monotonic() + settleSeconds * 1000
  const claim = await claims.insert({ key, owner: null, expiresAt, value: true })
  if (!claim) return awaitOther(context, key)
  try {
    if (await links.read(key, { fresh: true })) return null
    const userId = await options.createUser(identity)
    checkUserId(userId)
    // A user without a link could never sign in: with an unproven address, not even to link it later.
    const attempt = await settled(platform, deadline, () => logins.begin(userId))
    const linked = await settled(platform, deadline, (again) => link(context, { key, identity, userId, again }))
    return linked ? attempt : null
  } finally {
    // It ends by itself, and hides no error.
    await claims.remove(key, claim.version).catch(() => false)
  }
}

async function awaitOther({ claims, links, platform }: Context, key: string): Promise<null> {
  for (let polls = 0; polls < mostPolls; polls += 1) {
    await platform.sleep(pollMilliseconds)
    if (await links.read(key, { fresh: true })) return null
    if (!(await claims.read(key, { fresh: true }))) return null
  }
  throw new AuthError('conflict')
}

/** Tried again, it finds what it has linked itself where only the answer was lost. */
async function link(
  { links, emit }: Context,
  { key, identity, userId, again }: { key: string; identity: Identity; userId: string; again: boolean },
): Promise<boolean> {
  const { provider, issuer, subject, email } = identity
  const value: Link = { v: 1, provider, issuer, subject, email }
  const isLinked =
    (await links.insert({ key, owner: userId, expiresAt: null, value })) !== null ||
    (again && (await links.read(key, { fresh: true }))?.owner === userId)
  if (!isLinked) return false
  emit('identity.linked', { userId })
  return true
}

/** Length-safe: the same subject at two issuers is two identities, whatever characters they hold. */
function keyOf(platform: Platform, { issuer, subject }: Pick<Identity, 'issuer' | 'subject'>): string {
  return sha256Text(platform, JSON.stringify([issuer, subject]))
}

function decodeLink(stored: unknown): Link | null {
  if (!isObject(stored)) return null
  const { v, provider, issuer, subject, email } = stored
  if (v !== 1 || typeof provider !== 'string' || typeof issuer !== 'string' || typeof subject !== 'string') return null
  return { v, provider, issuer, subject, email: typeof email === 'string' ? email : null }
}
