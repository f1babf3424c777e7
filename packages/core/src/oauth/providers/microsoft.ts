/** Microsoft Entra ID and personal Microsoft accounts. */
import { ConfigError } from '../../errors.js'
import { type Claims, type ClientOptions, defineProvider, type Provider } from '../provider.js'
import { textOf } from './profile-parts.js'

/** Options of {@link microsoft}. */
export interface MicrosoftOptions extends ClientOptions {
  /** A tenant's id (GUID), or `common`, `organizations`, `consumers`. */
  readonly tenant: string
}

const host = 'https://login.microsoftonline.com'
const guid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
/** The tenant that all personal accounts belong to. */
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'

/**
 * Sign in with Microsoft. With `common` or `organizations` every tenant of the world may sign in: decide by
 * `identity.issuer` or `identity.claims.tid` whom you let in. Throws `ConfigError`.
 */
export function microsoft(options: MicrosoftOptions): Provider {
  const { tenant } = options
  const many = tenant === 'common' || tenant === 'organizations'
  if (!many && tenant !== 'consumers' && !guid.test(tenant)) {
    throw new ConfigError("tenant: expected a tenant's id (GUID), 'common', 'organizations' or 'consumers'")
  }
  const id = tenant === 'consumers' ? consumers : tenant.toLowerCase()
  return defineProvider(
    {
      name: 'microsoft',
      issuer: `${host}/${many ? '{tenantid}' : id}/v2.0`,
      apiOrigins: ['https://graph.microsoft.com'],
      scope: 'openid profile email',
      identity: { from: 'id_token', subject: ({ oid }) => textOf(oid), emailProven: isOwnedDomain },
      deviations: {
        ...(many && { tenantIssuer: true }),
        foreignUserinfo: true,
        metadataUrl: `${host}/${many ? tenant : id}/v2.0/.well-known/openid-configuration`,
      },
      evidence: {
        documentation: 'https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference',
        subject: 'oid within the tenant that the issuer names: the same for every app, never reused (scope profile)',
        email: 'xms_edov, an optional claim to be switched on for the app; the address alone is whatever a tenant says',
        refresh: 'with the scope offline_access; the answer has a new refresh token, the old one stays good',
      },
    },
    options,
    'post',
  )
}

/** The claim comes as a boolean, a number or a text. */
function isOwnedDomain({ email, xms_edov: owned }: Claims): boolean {
  return typeof email === 'string' && (owned === true || owned === 1 || owned === '1' || owned === 'true')
}
