/** How we prove to a provider that we are the registered client. */
import * as wire from 'oauth4webapi'
import { importJWK } from 'jose/key/import'
import { SignJWT } from 'jose/jwt/sign'
import { ConfigError } from '../errors.js'
import type { JsonWebKey } from '../json-web-key.js'
import type { Platform } from '../platform.js'
import type { ClientCredential, ProviderDefinition } from './provider.js'
import type { ServerMetadata } from './server-metadata.js'

/** Apple caps its client secret at six months; ours is made for the one request (in seconds). */
const appleSecretSeconds = 300
const appleAudience = 'https://appleid.apple.com'

/** By kind of key: what it may sign with, and the members of a private one (RFC 7518 §6, RFC 8037 §2). */
const signingKeys: Readonly<Record<string, { readonly algorithms: RegExp; readonly members: readonly string[] }>> = {
  EC: { algorithms: /^ES(256|384|512)$/, members: ['crv', 'x', 'y', 'd'] },
  OKP: { algorithms: /^(EdDSA|Ed25519)$/, members: ['crv', 'x', 'd'] },
  RSA: { algorithms: /^[PR]S(256|384|512)$/, members: ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] },
}

/** Makes the client authentication of one provider; keys are imported once. Throws `ConfigError` for a key that cannot sign. */
export function createClientAuthentication(
  { clientId, credential }: ProviderDefinition,
  platform: Platform,
): (metadata: ServerMetadata) => Promise<wire.ClientAuth> {
  if ('key' in credential && !isSigningKey(credential.key)) throw unusableKey()
  let imported: Promise<CryptoKey> | null = null
  const signingKey = (key: JsonWebKey): Promise<CryptoKey> => (imported ??= importSigningKey(key))
  return async (metadata) => {
    switch (credential.method) {
      case 'none':
        return wire.None()
      case 'secret':
        return secretAuthentication(credential, metadata)
      case 'private_key_jwt': {
        return privateKeyJwt(credential.key, await signingKey(credential.key), metadata)
      }
      case 'apple': {
        const key = await signingKey(credential.key)
        return wire.ClientSecretPost(await appleSecret({ ...credential, clientId }, key, platform.now()))
      }
    }
  }
}

/** RFC 8414: where nothing is published, `client_secret_basic` is what a server takes. */
function secretAuthentication(
  { secret, placement }: Extract<ClientCredential, { method: 'secret' }>,
  { token_endpoint_auth_methods_supported: methods }: ServerMetadata,
): wire.ClientAuth {
  const onlyPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic')
  const post = placement === 'post' || (placement === 'discovered' && onlyPost)
  return post ? wire.ClientSecretPost(secret) : secretBasic(secret)
}

/**
 * RFC 6749 §2.3.1. The form encoding leaves `-`, `.` and `_` as they are: many servers do not decode, and most secrets hold
 * no other special characters (the wire library encodes these too).
 */
function secretBasic(secret: string): wire.ClientAuth {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
  return (_server, { client_id: id }, _body, headers) => {
    headers.set('authorization', `Basic ${btoa(`${encode(id)}:${encode(secret)}`)}`)
  }
}

/** RFC 7523 §3 as FAPI 2.0 reads it: the audience is the issuer; where that is a template, the token endpoint. */
function privateKeyJwt(
  jwk: JsonWebKey,
  key: CryptoKey,
  { issuer, token_endpoint: endpoint }: ServerMetadata,
): wire.ClientAuth {
  const { kid, 'x5t#S256': thumbprint } = jwk as { kid?: unknown; 'x5t#S256'?: unknown }
  return wire.PrivateKeyJwt(typeof kid === 'string' ? { key, kid } : key, {
    [wire.modifyAssertion]: (header, payload) => {
      // Entra finds the certificate by its thumbprint.
      if (typeof thumbprint === 'string') header['x5t#S256'] = thumbprint
      if (issuer.includes('{') && endpoint) payload.aud = endpoint
    },
  })
}

async function importSigningKey(key: JsonWebKey): Promise<CryptoKey> {
  try {
    const found = await importJWK({ ...key, kty: key.kty ?? '' }, algorithmOf(key))
    if (!(found instanceof Uint8Array)) return found
  } catch {
    // Said below, without the key.
  }
  throw unusableKey()
}

/** What can be told without importing it, which takes a promise and so comes after construction. */
function isSigningKey(key: JsonWebKey): boolean {
  const kind = signingKeys[key.kty ?? '']
  const members: Readonly<Record<string, unknown>> = key
  if (!kind?.algorithms.test(algorithmOf(key))) return false
  return kind.members.every((member) => typeof members[member] === 'string' && members[member] !== '')
}

function algorithmOf({ alg, crv }: JsonWebKey): string {
  return alg ?? (crv === 'P-256' ? 'ES256' : '')
}

function unusableKey(): ConfigError {
  return new ConfigError(
    'privateKey: expected a private JWK with its alg, such as ES256 or RS256, that the runtime can import',
  )
}

/** Apple's client secret is a JWT that we sign (developer.apple.com, "Creating a client secret"). */
function appleSecret(
  { teamId, keyId, clientId }: { teamId: string; keyId: string; clientId: string },
  key: CryptoKey,
  now: number,
): Promise<string> {
  return new SignJWT({ iss: teamId, sub: clientId, aud: appleAudience, iat: now, exp: now + appleSecretSeconds })
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .sign(key)
}
