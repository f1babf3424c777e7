/** Google. */
import { requireText } from '../../internal/options.js'
import { type Claims, type ClientOptions, defineProvider, type Provider } from '../provider.js'

/** Options of {@link google}. */
export interface GoogleOptions extends ClientOptions {
  /** Shows only accounts of this Workspace domain; check `identity.claims.hd` as well, as this only filters the page. */
  readonly hostedDomain?: string
}

/** Sign in with Google. Throws `ConfigError`. */
export function google(options: GoogleOptions): Provider {
  const { hostedDomain } = options
  return defineProvider(
    {
      name: 'google',
      issuer: 'https://accounts.google.com',
      apiOrigins: [
        'https://www.googleapis.com',
        'https://gmail.googleapis.com',
        'https://people.googleapis.com',
        'https://openidconnect.googleapis.com',
      ],
      scope: 'openid profile email',
      authorizationParameters: hostedDomain === undefined ? {} : { hd: requireText('hostedDomain', hostedDomain) },
      identity: { from: 'id_token', emailProven: isAuthoritative },
      deviations: {
        offlineParameters: { access_type: 'offline', prompt: 'consent' },
        revocationEndsGrant: true,
      },
      evidence: {
        documentation: 'https://developers.google.com/identity/gsi/web/guides/verify-google-id-token',
        subject: 'sub: unique among all Google accounts and never reused',
        email: 'email_verified, and Google hosts the address: it ends in @gmail.com or the token has hd',
        refresh: 'a refresh token comes with access_type=offline at the first consent only; refreshing returns none',
      },
    },
    options,
    'post',
  )
}

/** Google is authoritative for addresses that it hosts; of others it only knows that they were once confirmed. */
function isAuthoritative({ email, email_verified: verified, hd }: Claims): boolean {
  if (verified !== true || typeof email !== 'string') return false
  return email.toLowerCase().endsWith('@gmail.com') || (typeof hd === 'string' && hd !== '')
}
