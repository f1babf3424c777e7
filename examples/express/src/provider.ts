/** The OpenID provider: somebody else's, or a local one that comes with the app so that it can be tried out offline. */
import { ConfigError, oidc, type Provider } from '@tessera-auth/core'
import { type Config, SettingError, withSetting } from './config.ts'
import { keptSecret } from './secrets.ts'
import { callbackPath, providerName } from './services.ts'

/** The provider, ready to be used. */
export interface OpenedProvider {
  readonly provider: Provider
  close(): Promise<void>
}

/** Describes the provider, and starts it where it is the local one. */
export async function openProvider({ identityProvider, origin }: Config): Promise<OpenedProvider> {
  const { issuer, clientId } = identityProvider
  if (issuer !== null) {
    const { clientSecret } = identityProvider
    const client = { clientId, ...(clientSecret === null ? {} : { clientSecret }) }
    return { provider: describe(issuer, client), close: async () => {} }
  }
  if (origin.startsWith('https:')) {
    console.error(
      'IDP_ISSUER is not set: the local identity provider signs in anybody as anybody. Set it before people come.',
    )
  }
  const { startIdentityProvider } = await import('@tessera-auth/example-identity-provider')
  const clientSecret = identityProvider.clientSecret ?? keptSecret('idp-client-secret').secret
  const local = await withSetting('IDP_PORT', 'a free port', () =>
    startIdentityProvider({
      port: identityProvider.port,
      clientId,
      clientSecret,
      redirectUris: [`${origin}${callbackPath}`],
      backchannelLogoutUri: `${origin}/auth/backchannel-logout`,
      postLogoutRedirectUris: [`${origin}/`],
    }),
  )
  return { provider: describe(local.issuer, { clientId, clientSecret }), close: () => local.close() }
}

function describe(issuer: string, client: { clientId: string; clientSecret?: string }): Provider {
  try {
    return oidc({
      ...client,
      name: providerName,
      issuer,
      // The one on this machine; its issuer was chosen by whoever runs this app.
      dangerouslyAllowPrivateNetwork: new URL(issuer).protocol === 'http:',
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new SettingError('IDP_ISSUER', 'the https URL of a public host, or http on a loopback host')
  }
}
