/** The second half of the code flow: everything about an answer is checked before the code is sent anywhere. */
import { AuthError, StoreError } from '../errors.js'
import { markProven } from '../internal/proven.js'
import { sha256Text } from '../platform.js'
import type { OAuthLogin } from './authorization-code-flow.js'
import { rememberBegunIn } from './begun-session.js'
import { callbackParameters, checkCallback, rejected } from './callback.js'
import { createDpopKey } from './dpop.js'
import type { FlowContext } from './flow-context.js'
import type { LoginExchange } from './flow-options.js'
import type { Claims } from './provider.js'
import { providerTokens, readIdentity, withNameFromForm } from './read-identity.js'
import type { TokenAnswer } from './token-answer.js'
import type { Transaction } from './transaction.js'

const mostMethods = 8

/** An answer whose every part belongs to the attempt. */
interface Answer {
  readonly transaction: Transaction
  readonly code: string
  /** Of the front channel's ID token, in the hybrid flow. */
  readonly frontClaims: Claims | null
  /** The form field `user`. */
  readonly user: string | null
}

/** See `AuthorizationCodeFlow.finish`. */
export async function finishAttempt(flow: FlowContext, exchange: LoginExchange, form: unknown): Promise<OAuthLogin> {
  const answer = await checkedAnswer(flow, exchange, form)
  const { client, platform } = flow
  const { transaction } = answer
  const dpopKey = flow.dpop ? await createDpopKey() : null
  const tokens = await client.grant(
    'authorization_code',
    {
      code: answer.code,
      redirect_uri: flow.redirectUri,
      code_verifier: transaction.verifier,
      ...(transaction.resource !== null && { resource: transaction.resource }),
    },
    { dpopKey },
  )
  if (flow.dpop && tokens.tokenType !== 'dpop') throw rejected('token_not_bound')
  const claims = await idTokenClaims(flow, answer, tokens)
  const { scope, resource } = transaction
  const asked = { scope, resource, dpopKey }
  const read = await readIdentity(client, { answer: tokens, asked, idTokenClaims: claims })
  const identity = withNameFromForm(client.definition, read, answer.user)
  const login: OAuthLogin = {
    identity,
    tokens: providerTokens(client, tokens, asked),
    returnTo: transaction.returnTo,
    methods: methodsOf(claims),
    ...provenAt(claims, platform.now()),
    providerLogin: {
      issuer: identity.issuer,
      subject: typeof claims?.sub === 'string' ? claims.sub : identity.subject,
      providerSessionId: typeof claims?.sid === 'string' ? claims.sid : null,
      issuedAt: typeof claims?.iat === 'number' ? claims.iat : platform.now(),
    },
  }
  markProven(login)
  markProven(exchange)
  rememberBegunIn(identity, transaction.sessionId)
  return login
}

async function checkedAnswer(flow: FlowContext, exchange: LoginExchange, form: unknown): Promise<Answer> {
  const request = await exchange.request
  const parameters = callbackParameters(request, form, flow.responseMode)
  const state = parameters.get('state')
  if (!state) throw rejected('state_missing')
  const found = await flow.transactions.find(exchange, state)
  if (!found) throw new AuthError('transaction_missing')
  const { transaction, forget } = found
  try {
    const answer = await provenAnswer(flow, exchange, { transaction, state, parameters })
    forget()
    return answer
  } catch (error) {
    // While the store does not answer nothing was used up: the same answer may come again.
    if (!(error instanceof StoreError)) forget()
    throw error
  }
}

async function provenAnswer(
  flow: FlowContext,
  exchange: LoginExchange,
  { transaction, state, parameters }: { transaction: Transaction; state: string; parameters: URLSearchParams },
): Promise<Answer> {
  const { client, platform } = flow
  if (transaction.flow !== flow.id) throw rejected('other_flow')
  if (transaction.maxAgeSeconds !== null && client.definition.identity.from === 'profile') {
    throw rejected('auth_time_unknown')
  }
  if (flow.responseMode === 'query') await refuseOtherSession(exchange, transaction)
  const { clientId, issuer, endpoints } = client.definition
  const expected = {
    ...{ clientId, state, hybrid: flow.responseType !== 'code' },
    inventedIssuer: endpoints?.token_endpoint === issuer,
  }
  const checked = checkCallback(await client.metadata(), expected, parameters)
  const code = checked.get('code')
  if (!code) throw rejected('code_missing')
  const frontClaims = await frontChannelClaims(flow, { transaction, code, idToken: parameters.get('id_token') })
  await takeOnce(flow, sha256Text(platform, state), transaction)
  return { transaction, code, frontClaims, user: parameters.get('user') }
}

/**
 * What was begun in one session is not finished in another: else a provider account would be linked to whoever signed in
 * meanwhile. A cross-site POST brings no session along, so nothing can be linked there, and nothing is compared.
 */
async function refuseOtherSession(exchange: LoginExchange, { sessionId }: Transaction): Promise<void> {
  if (sessionId === null || !exchange.session) return
  if ((await exchange.session())?.id !== sessionId) throw rejected('session_changed')
}

async function frontChannelClaims(
  { client, responseType }: FlowContext,
  { transaction, code, idToken }: { transaction: Transaction; code: string; idToken: string | null },
): Promise<Claims | null> {
  if (responseType === 'code') return null
  const { nonce, maxAgeSeconds } = transaction
  return client.verifyIdToken(idToken, { nonce, maxAgeSeconds, code })
}

/** A second use of one answer could make the provider revoke the tokens of the first (RFC 6749 §4.1.2). */
async function takeOnce({ taken }: FlowContext, key: string, { returnTo, expiresAt }: Transaction): Promise<void> {
  if (!taken) return
  const first = await taken.insertOnce({ key, owner: null, expiresAt, value: true })
  if (!first) throw new AuthError('transaction_missing', { reason: 'already_taken', returnTo })
}

async function idTokenClaims({ client }: FlowContext, answer: Answer, tokens: TokenAnswer): Promise<Claims | null> {
  const { nonce, maxAgeSeconds } = answer.transaction
  if (client.definition.identity.from === 'profile') return null
  if (tokens.idToken === null) throw rejected('id_token_missing')
  const { accessToken } = tokens
  const claims = await client.verifyIdToken(tokens.idToken, { nonce, maxAgeSeconds, accessToken })
  const { frontClaims } = answer
  // OpenID Connect Core §3.3.3.6: both ID tokens tell of the same user.
  if (frontClaims && (frontClaims.sub !== claims.sub || frontClaims.iss !== claims.iss)) throw rejected('id_token_sub')
  return claims
}

function methodsOf(claims: Claims | null): string[] {
  const amr: unknown[] = Array.isArray(claims?.amr) ? claims.amr : []
  const words = amr.filter((word): word is string => typeof word === 'string' && /^[\w-]{1,32}$/.test(word))
  return [...new Set(['fed', ...words])].slice(0, mostMethods)
}

/** A session at the provider may be weeks old, and signs in here without a question (OpenID Connect Core §2, `auth_time`). */
function provenAt(claims: Claims | null, now: number): Pick<OAuthLogin, 'authenticatedAt'> {
  const authTime = claims?.auth_time
  if (typeof authTime !== 'number' || authTime < 0) return {}
  return { authenticatedAt: Math.min(now, Math.floor(authTime)) }
}
