/** Reads a token answer: the tokens as the library keeps them, and who is behind them. */
import { AuthError } from '../errors.js'
import type { Identity, ProviderTokens } from './identity.js'
import type { Claims, Profile, ProviderDefinition } from './provider.js'
import type { ProviderClient } from './provider-client.js'
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

const mostEmailLength = 320

/** The library's form of a token answer. `scope` counts where the provider says nothing of it. */
export function providerTokens({ definition }: ProviderClient, answer: TokenAnswer, asked: AskedFor): ProviderTokens {
  const { accessToken, refreshToken, expiresAt, idToken } = answer
  const dpopKey = answer.tokenType === 'dpop' ? (asked.dpopKey ?? null) : null
  const granted = { scope: answer.scope ?? asked.scope, resource: asked.resource ?? null }
  return { provider: definition.name, accessToken, refreshToken, expiresAt, ...granted, idToken, dpopKey }
}

/**
 * The identity behind a token answer whose ID token, if there is one, has been verified. Throws 'callback_rejected' when
 * the provider's own documents contradict each other.
 */
export async function readIdentity(client: ProviderClient, evidence: IdentityEvidence): Promise<Identity> {
  const { definition } = client
  const { answer, idTokenClaims } = evidence
  if (definition.identity.from === 'profile') {
    const profile = await definition.identity.read({
      ask: (url, method) => client.readProfile(url, answer, method),
      scopes: (answer.scope ?? evidence.asked.scope).split(' '),
      answer: answer.answer,
    })
    if (!profile) throw new AuthError('callback_rejected', { reason: 'profile_unreadable' })
    return { ...checkedProfile(profile), provider: definition.name, issuer: definition.issuer }
  }
  if (!idTokenClaims) throw new AuthError('callback_rejected', { reason: 'id_token_missing' })
  const claims = await completed(client, { ...evidence, idTokenClaims })
  const { subject: read = subjectOf } = definition.identity
  const subject = read(claims)
  if (subject === null || subject === '') throw new AuthError('callback_rejected', { reason: 'subject_missing' })
  const { email, name } = claims
  const profile: Profile = {
    subject,
    email: typeof email === 'string' ? email : null,
    emailProven: definition.identity.emailProven(claims),
    name: typeof name === 'string' ? name : null,
    claims,
  }
  return { ...checkedProfile(profile), provider: definition.name, issuer: String(idTokenClaims.iss) }
}

function subjectOf({ sub }: Claims): string | null {
  return typeof sub === 'string' ? sub : null
}

/** Keeps what can be an e-mail address; nothing is proven of what is not. */
function checkedProfile(profile: Profile): Profile {
  const { email } = profile
  const usable = email !== null && email.length <= mostEmailLength && /^[^\s@]+@[^\s@]+$/.test(email)
  return usable ? profile : { ...profile, email: null, emailProven: false }
}

/** Some providers put the e-mail address at the userinfo endpoint only. Its `sub` must be the token's (OpenID Connect Core §5.3.2). */
async function completed(
  client: ProviderClient,
  { answer, asked, idTokenClaims }: IdentityEvidence & { idTokenClaims: Claims },
): Promise<Claims> {
  const { userinfo_endpoint: endpoint } = await client.metadata()
  if (client.definition.deviations.foreignUserinfo) return idTokenClaims
  if (idTokenClaims.email !== undefined || endpoint === undefined) return idTokenClaims
  if (!(answer.scope ?? asked.scope).split(' ').includes('email')) return idTokenClaims
  // A token for another API is not one for this endpoint.
  if (asked.resource) return idTokenClaims
  const userinfo = await client.readProfile(endpoint, {
    accessToken: answer.accessToken,
    dpopKey: asked.dpopKey ?? null,
  })
  if (!isObject(userinfo) || userinfo.sub !== idTokenClaims.sub) {
    throw new AuthError('callback_rejected', { reason: 'userinfo_sub' })
  }
  return { ...userinfo, ...idTokenClaims }
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
