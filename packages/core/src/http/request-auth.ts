/** The one door of a request: lazy, and each thing is read once. */
import type { Exchange } from '../cookie/request-view.js'
import type { SessionProof } from '../session/change-session.js'
import type { SignInOptions } from '../session/create-session.js'
import type { UserSession } from '../session/session.js'
import type { LoginAttempt } from '../store/login-records.js'
import type { AccessTokenClaims } from '../token/access-token.js'
import type { AuthContext } from './auth-context.js'
import { requireClient, requireScope } from './request-credentials.js'
import {
  beginLogin,
  readData,
  recentSession,
  requiredSession,
  type RequestState,
  currentSession,
} from './request-state.js'
import { inTurn, reauthenticate, signIn, signOut, updateData } from './request-writes.js'

/** What a request can tell where no cookie can be set. An unsafe request passes the CSRF guard or throws `csrf_rejected`. */
export interface ReadonlyRequestAuth<Data = null> {
  /** Who is signed in; `null`: nobody. Throws `StoreError` when that cannot be known. */
  session(): Promise<UserSession<Data> | null>
  /** Who is signed in, or `unauthenticated`. */
  requireSession(): Promise<UserSession<Data>>
  /** The same, authenticated less than `seconds` ago, read past any cache; else `reauthentication_required`. */
  requireRecentAuth(seconds: number): Promise<UserSession<Data>>
  /** The claims of the bearer token; `invalid_token`, or `insufficient_scope` when one of the scopes is missing. */
  requireScope(...scopes: string[]): Promise<AccessTokenClaims>
  /** The client that `Authorization: Basic` authenticates, of these ids and secrets; else `invalid_client`. */
  requireClient(secrets: Readonly<Record<string, string>>): Promise<string>
  /** The session's data, of an anonymous visitor too; what a session starts with where there is none. */
  data(): Promise<Data>
}

/**
 * One request, whose answer's headers are bound: cookies apply themselves. Methods that change something run one after
 * another, in the order they were called. They need their object, as those of `Headers` do.
 */
export interface RequestAuth<Data = null> extends ReadonlyRequestAuth<Data>, Exchange {
  /** Call it before the credentials are checked; `null` for nobody. */
  beginLogin(userId: string | null): Promise<LoginAttempt>
  /** Mints a new token; the browser's earlier session ends, its data is kept. With an `OAuthLogin` its attempt stands in for the guard. */
  signIn(attempt: LoginAttempt, options?: SignInOptions): Promise<UserSession<Data>>
  /** Ends the session that the request carries; fine when there is none. */
  signOut(): Promise<void>
  /**
   * The same session under a new token, authenticated now, or when the proof says; `unauthenticated` when it ended meanwhile.
   * An `OAuthLogin` is a proof, once its identity is known to be this user's.
   */
  reauthenticate(proof: SessionProof): Promise<UserSession<Data>>
  /** Changes the session's data, an anonymous visitor's too; `conflict` after three tries. */
  updateData(change: (data: Data) => Data): Promise<Data>
}

/** The door where no cookie can be set: there is no method that would. */
class ReadonlyDoor<Data> implements ReadonlyRequestAuth<Data> {
  readonly #state: RequestState<Data>

  constructor(context: AuthContext<Data>, request: Exchange['request'], responseHeaders: Exchange['responseHeaders']) {
    this.#state = {
      context,
      request,
      responseHeaders,
      door: this,
      used: false,
      user: undefined,
      knownUser: undefined,
      given: undefined,
      visitor: undefined,
      claims: undefined,
    }
  }

  /** For the door that adds to this one. */
  protected static stateOf<Data>(door: ReadonlyDoor<Data>): RequestState<Data> {
    return door.#state
  }

  session(): Promise<UserSession<Data> | null> {
    return currentSession(this.#state)
  }

  requireSession(): Promise<UserSession<Data>> {
    return requiredSession(this.#state)
  }

  requireRecentAuth(seconds: number): Promise<UserSession<Data>> {
    return recentSession(this.#state, seconds)
  }

  requireScope(...scopes: string[]): Promise<AccessTokenClaims> {
    return requireScope(this.#state, scopes)
  }

  requireClient(secrets: Readonly<Record<string, string>>): Promise<string> {
    return requireClient(this.#state, secrets)
  }

  data(): Promise<Data> {
    return readData(this.#state)
  }
}

/** A class, as each closure that is made per request costs a server more than the look-up (decision 026). */
class Door<Data> extends ReadonlyDoor<Data> implements RequestAuth<Data> {
  readonly request: Exchange['request']
  readonly responseHeaders: Exchange['responseHeaders']

  constructor(context: AuthContext<Data>, request: Exchange['request'], responseHeaders: Exchange['responseHeaders']) {
    super(context, request, responseHeaders)
    this.request = request
    this.responseHeaders = responseHeaders
  }

  beginLogin(userId: string | null): Promise<LoginAttempt> {
    return beginLogin(Door.stateOf(this), userId)
  }

  signIn(attempt: LoginAttempt, options?: SignInOptions): Promise<UserSession<Data>> {
    return inTurn(Door.stateOf(this), (state) => signIn(state, attempt, options))
  }

  signOut(): Promise<void> {
    return inTurn(Door.stateOf(this), signOut)
  }

  reauthenticate(proof: SessionProof): Promise<UserSession<Data>> {
    return inTurn(Door.stateOf(this), (state) => reauthenticate(state, proof))
  }

  updateData(change: (data: Data) => Data): Promise<Data> {
    return inTurn(Door.stateOf(this), (state) => updateData(state, change))
  }
}

/** Binds one request to the headers of its answer. Nothing is read until a method is called. */
export function createRequestAuth<Data>(
  context: AuthContext<Data>,
  request: Exchange['request'],
  responseHeaders: Exchange['responseHeaders'],
): RequestAuth<Data> {
  return new Door(context, request, responseHeaders)
}

/** The same where no cookie can be set. */
export function createReadonlyRequestAuth<Data>(
  context: AuthContext<Data>,
  request: Exchange['request'],
): ReadonlyRequestAuth<Data> {
  return new ReadonlyDoor(context, request, nowhere)
}

const nowhere = { append: (): void => {} }
