/** Reads a token answer: the tokens as the library keeps them, and who is behind them. */
import { AuthError } from '../errors.js'
import type { JsonWebKey } from '../json-web-key.js'
import type { Identity, ProviderTokens } from './identity.js'
import type { Claims, Profile, ProviderDefinition } from './provider.js'
import type { BoundToken, ProviderClient } from './provider-client.js'
import type { TokenAnswer } from './token-answer.js'
import { isObject } from './upstream.js'

/** What tokens were asked for with. */
export interface AskedFor {
  readonly scope: string
  readonly resource?: string | null
  readonly dpopKey?: JsonWebKey | null
}

/** What an identity is read from. */
export interface IdentityEvidence {
  readonly answer: TokenAnswer
  readonly asked: AskedFor
  /** Of the verified ID token; `null` where there is none. */
  readonly idTokenClaims: Claims | null
}

/** What the provider's documents say together, and the one of them that speaks for the e-mail address. */
interface ToldClaims {
  readonly claims: Claims
  readonly emailSource: Claims
}

const mostEmailLength = 320

/** The library's form of a token answer. `scope` counts where the provider says nothing of it. */
export function providerTokens({ definition }: ProviderClient, answer: TokenAnswer, asked: AskedFor): ProviderTokens {
  const { refreshToken, expiresAt, idToken } = answer
  const { accessToken, dpopKey } = boundToken(answer, asked)
  const granted = { scope: answer.scope ?? asked.scope, resource: asked.resource ?? null }
  return { provider: definition.name, accessToken, refreshToken, expiresAt, ...granted, idToken, dpopKey }
}

function boundToken({ accessToken, tokenType }: TokenAnswer, { dpopKey }: AskedFor): Required<BoundToken> {
  return { accessToken, dpopKey: tokenType === 'dpop' ? (dpopKey ?? null) : null }
}

/**
 * The identity behind a token answer whose ID token, if there is one, has been verified. Throws 'callback_rejected' when
 * the provider's own documents contradict each other.
 */
export async function readIdentity(client: ProviderClient, evidence: IdentityEvidence): Promise<Identity> {
  const { definition } = client
  const { answer, asked, idTokenClaims } = evidence
  if (definition.identity.from === 'profile') {
    const profile = await definition.identity.read({
      ask: (url, method) => client.readProfile(url, boundToken(answer, asked), method),
      scopes: (answer.scope ?? asked.scope).split(' '),
      answer: answer.answer,
    })
    if (!profile) throw new AuthError('callback_rejected', { reason: 'profile_unreadable' })
    return { ...checkedProfile(profile), provider: definition.name, issuer: definition.issuer }
  }
  if (!idTokenClaims) throw new AuthError('callback_rejected', { reason: 'id_token_missing' })
  const { claims, emailSource } = await completed(client, { ...evidence, idTokenClaims })
  const { subject: read = subjectOf } = definition.identity
  const { email } = emailSource
  const { name } = claims
  const profile: Profile = {
    subject: read(claims) ?? '',
    email: typeof email === 'string' ? email : null,
    emailProven: definition.identity.emailProven(emailSource),
    name: typeof name === 'string' ? name : null,
    claims,
  }
  return { ...checkedProfile(profile), provider: definition.name, issuer: String(idTokenClaims.iss) }
}

function subjectOf({ sub }: Claims): string | null {
  return typeof sub === 'string' ? sub : null
}

/**
 * Keeps what can be an e-mail address; nothing is proven of what is not. An app's own `readUser` may return anything: all
 * users whose subject is missing would be one.
 */
function checkedProfile(profile: Profile): Profile {
  const { subject, email, emailProven } = profile
  if (typeof subject !== 'string' || subject === '') {
    throw new AuthError('callback_rejected', { reason: 'subject_missing' })
  }
  const usable = typeof email === 'string' && email.length <= mostEmailLength && /^[^\s@]+@[^\s@]+$/.test(email)
  return usable ? { ...profile, emailProven: emailProven === true } : { ...profile, email: null, emailProven: false }
}

/** Some providers put the e-mail address at the userinfo endpoint only. Its `sub` must be the token's (OpenID Connect Core §5.3.2). */
async function completed(
  client: ProviderClient,
  { answer, asked, idTokenClaims }: IdentityEvidence & { idTokenClaims: Claims },
): Promise<ToldClaims> {
  const alone = { claims: idTokenClaims, emailSource: idTokenClaims }
  const { userinfo_endpoint: endpoint } = await client.metadata()
  if (client.definition.deviations.foreignUserinfo) return alone
  if (idTokenClaims.email !== undefined || endpoint === undefined) return alone
  if (!(answer.scope ?? asked.scope).split(' ').includes('email')) return alone
  // A token for another API is not one for this endpoint.
  if (asked.resource) return alone
  const userinfo = await client.readProfile(endpoint, boundToken(answer, asked))
  if (!isObject(userinfo) || userinfo.sub !== idTokenClaims.sub) {
    throw new AuthError('callback_rejected', { reason: 'userinfo_sub' })
  }
  // What the ID token calls verified is not the address of another document: that may be anybody's, typed in by the user.
  const { email_verified: _verified, xms_edov: _owned, ...rest } = idTokenClaims
  return { claims: { ...userinfo, ...rest }, emailSource: userinfo }
}

/** The claim of a form field `user`, which Apple sends once, at the first consent, and nobody signs. */
export function withNameFromForm(definition: ProviderDefinition, identity: Identity, user: string | null): Identity {
  if (!definition.deviations.nameInForm || user === null || identity.name !== null) return identity
  try {
    const { name } = JSON.parse(user) as { name?: { firstName?: unknown; lastName?: unknown } }
    const parts = [name?.firstName, name?.lastName].filter((part) => typeof part === 'string' && part !== '')
    return parts.length === 0 ? identity : { ...identity, name: parts.join(' ').slice(0, 200) }
  } catch {
    return identity
  }
}
