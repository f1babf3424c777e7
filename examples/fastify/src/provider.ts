/** The OpenID provider: somebody else's, or a local one that comes with the app so that it can be tried out offline. */
import { oidc, type Provider } from '@tessera-auth/core'
import { AppError } from './app-error.ts'
import { type Config, withSetting } from './config.ts'
import { keptSecret } from './secrets.ts'
import { callbackPath, providerName } from './services.ts'

/** The provider, ready to be used. */
export interface OpenedProvider {
  readonly provider: Provider
  /** Where it tells who somebody is; read from its metadata once. */
  userinfoUrl(): Promise<string>
  close(): Promise<void>
}

/** Describes the provider, and starts it where it is the local one. */
export async function openProvider({ identityProvider, origin }: Config): Promise<OpenedProvider> {
  const { issuer, clientId } = identityProvider
  if (issuer !== null) {
    const { clientSecret } = identityProvider
    return describe(issuer, { clientId, ...(clientSecret === null ? {} : { clientSecret }) })
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
  return { ...describe(local.issuer, { clientId, clientSecret }), close: () => local.close() }
}

function describe(issuer: string, client: { clientId: string; clientSecret?: string }): OpenedProvider {
  const { origin, protocol } = new URL(issuer)
  const provider = oidc({
    ...client,
    name: providerName,
    issuer,
    apiOrigins: [origin],
    // The one on this machine; its issuer was chosen by whoever runs this app.
    dangerouslyAllowPrivateNetwork: protocol === 'http:',
  })
  let found: Promise<string> | undefined
  return {
    provider,
    userinfoUrl: () =>
      (found ??= discover(issuer).catch((error: unknown) => {
        found = undefined
        throw error
      })),
    close: async () => {},
  }
}

/** OpenID Connect Discovery 1.0 §4; over and over until it answers once. */
async function discover(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(5000) })
    const { userinfo_endpoint: endpoint } = (await response.json()) as { userinfo_endpoint?: unknown }
    if (response.ok && typeof endpoint === 'string') return endpoint
  } catch {
    // told below, as any other answer that is of no use
  }
  throw new AppError('try_again')
}
