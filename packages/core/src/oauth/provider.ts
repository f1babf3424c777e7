/** A provider as data: where it answers, how we prove who we are, what identifies a user there, and where it deviates. */
import { ConfigError } from '../errors.js'
import { expected, requireText } from '../internal/options.js'
import type { JsonWebKey } from '../json-web-key.js'

/**
 * An OAuth or OpenID provider, made by one of the provider functions (`google`, `oidc` …). The rest of its data, the
 * client secret above all, stays out of the object, so that logging a provider tells nothing.
 */
export interface Provider {
  /** A short name of your choosing or the preset's: 'google', 'acme'. */
  readonly name: string
  /** The issuer identifier, or the preset's stand-in where the provider has none. */
  readonly issuer: string
  /** Our client id there. */
  readonly clientId: string
  /** The only origins to which `vault.fetch` sends this provider's tokens. */
  readonly apiOrigins: readonly string[]
}

/** Our registration at a provider. Neither secret nor key: a public client. */
export interface ClientOptions {
  /** The client id. */
  readonly clientId: string
  /** The client secret (RFC 6749 §2.3.1). */
  readonly clientSecret?: string
  /** A private JWK with `alg` and `kid`, for `private_key_jwt` (RFC 7523 §2.2). */
  readonly privateKey?: JsonWebKey
}

/** How the client proves itself at the token endpoint. */
export type ClientCredential =
  | { readonly method: 'none' }
  | { readonly method: 'secret'; readonly secret: string; readonly placement: 'basic' | 'post' | 'discovered' }
  | { readonly method: 'private_key_jwt'; readonly key: JsonWebKey }
  | { readonly method: 'apple'; readonly key: JsonWebKey; readonly keyId: string; readonly teamId: string }

/** Claims of an ID token, or a user's profile where there is no OpenID. */
export type Claims = Readonly<Record<string, unknown>>

/** What a provider says of a user, reduced to what the library uses. */
export interface Profile {
  /** Never changes, never given to somebody else. */
  readonly subject: string
  /** As the provider tells it. */
  readonly email: string | null
  /** Whether the provider's evidence proves that the user owns the address. */
  readonly emailProven: boolean
  /** For greetings only. */
  readonly name: string | null
  /** All that the provider said. */
  readonly claims: Claims
}

/** What a profile is read with. */
export interface ProfileSource {
  /** Asks the provider's API with the access token; the JSON of its answer. */
  ask(url: string, method?: 'GET' | 'POST'): Promise<unknown>
  /** What was granted. */
  readonly scopes: readonly string[]
  /** The token endpoint's JSON. */
  readonly answer: Claims
}

/** Where an identity comes from. */
export type IdentitySource =
  | {
      /** A validated ID token, completed by the userinfo endpoint where the token has no e-mail. */
      readonly from: 'id_token'
      /** What never changes and is never given to another user of this issuer; default: `sub`. */
      subject?(claims: Claims): string | null
      /** Whether these claims prove that the user owns the e-mail address. */
      emailProven(claims: Claims): boolean
    }
  | {
      /** The provider's own user endpoint. */
      readonly from: 'profile'
      /** Reads the user; `null`: the answers are not what is documented. */
      read(source: ProfileSource): Promise<Profile | null>
    }

/** Known deviations, each with a test. */
export interface Deviations {
  /** How the token endpoint writes `scope`. */
  readonly scopeFormat?: 'comma' | 'array'
  /** Errors of the token endpoint arrive with status 200. */
  readonly errorsWith200?: true
  /** The ID token leaves out the nonce that was sent. */
  readonly idTokenWithoutNonce?: true
  /** The userinfo endpoint is another service's, and knows no more than the ID token. */
  readonly foreignUserinfo?: true
  /** The metadata's issuer has a `{tenantid}`, which the ID token's `tid` fills. */
  readonly tenantIssuer?: true
  /** Where the metadata stands, if not below the issuer. */
  readonly metadataUrl?: string
  /** The name comes once, as a form field `user` beside the code. */
  readonly nameInForm?: true
  /** The provider's own name of the scope `offline_access`. */
  readonly offlineScope?: string
  /** Parameters that stand for the scope `offline_access`, which the provider does not know. */
  readonly offlineParameters?: Readonly<Record<string, string>>
  /** Revoking one token ends the whole grant, newer tokens included. */
  readonly revocationEndsGrant?: true
  /** Header fields that its API insists on. */
  readonly apiHeaders?: Readonly<Record<string, string>>
}

/** The reasons for the data, in words, with the provider's own page. */
export interface Evidence {
  readonly documentation: string
  readonly subject: string
  readonly email: string
  readonly refresh: string
}

/** Endpoints of a provider without discovery, under their RFC 8414 names. */
export interface Endpoints {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly revocation_endpoint?: string
  readonly device_authorization_endpoint?: string
}

/** Everything that is known of a provider. */
export interface ProviderDefinition extends Provider {
  readonly credential: ClientCredential
  /** `null`: discovered from the issuer. */
  readonly endpoints: Endpoints | null
  /** The least that signs in. */
  readonly scope: string
  readonly responseMode: 'query' | 'form_post'
  readonly identity: IdentitySource
  readonly deviations: Deviations
  /** Added to every authorization request. */
  readonly authorizationParameters: Readonly<Record<string, string>>
  /** Whether addresses of this machine and of private networks may be asked. */
  readonly allowPrivateNetwork: boolean
  readonly evidence: Evidence
}

/** What a provider file states; the rest has defaults. */
export type ProviderInput = Pick<ProviderDefinition, 'name' | 'issuer' | 'scope' | 'identity' | 'evidence'> &
  Partial<Omit<ProviderDefinition, 'clientId'>>

const definitions = new WeakMap<Provider, ProviderDefinition>()

/** Makes a provider of its data and our registration. Throws `ConfigError`. */
export function defineProvider(
  input: ProviderInput,
  client: ClientOptions,
  placement: 'basic' | 'post' | 'discovered' = 'post',
): Provider {
  const definition: ProviderDefinition = {
    apiOrigins: [],
    endpoints: null,
    responseMode: 'query',
    deviations: {},
    authorizationParameters: {},
    allowPrivateNetwork: false,
    credential: credentialOf(client, placement),
    ...input,
    clientId: requireText('clientId', client.clientId),
  }
  const provider: Provider = Object.freeze({
    name: requireText('name', definition.name),
    issuer: definition.issuer,
    clientId: definition.clientId,
    apiOrigins: definition.apiOrigins.map(checkOrigin),
  })
  definitions.set(provider, definition)
  return provider
}

/** The whole data of a provider. Throws `ConfigError` for an object that no provider function made. */
export function definitionOf(provider: unknown): ProviderDefinition {
  const found = typeof provider === 'object' && provider !== null ? definitions.get(provider as Provider) : undefined
  if (!found) throw expected('provider', 'what a provider function such as google() or oidc() returned', provider)
  return found
}

function credentialOf(client: ClientOptions, placement: 'basic' | 'post' | 'discovered'): ClientCredential {
  const { clientSecret, privateKey } = client
  if (privateKey !== undefined) {
    if (clientSecret !== undefined) throw new ConfigError('clientSecret: expected none beside a privateKey')
    if (typeof privateKey?.d !== 'string') throw expected('privateKey', 'a private JWK', privateKey)
    return { method: 'private_key_jwt', key: privateKey }
  }
  // A variable that is not set makes no public client: that would show only when somebody comes back to sign in.
  if (clientSecret === undefined && 'clientSecret' in client) {
    throw new ConfigError('clientSecret: expected a text, received undefined; a public client leaves it out')
  }
  if (clientSecret === undefined) return { method: 'none' }
  return { method: 'secret', secret: requireText('clientSecret', clientSecret), placement }
}

function checkOrigin(value: unknown): string {
  try {
    if (typeof value === 'string' && new URL(value).origin === value) return value
  } catch {
    // Said below.
  }
  throw expected('apiOrigins', "origins such as 'https://api.example'", value)
}
