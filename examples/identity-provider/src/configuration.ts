/** How the provider is set up: one client, everybody is a user, every scope that signs in. */
import { type Configuration, errors } from 'oidc-provider'
import { messagePage, signOutPage } from './pages.ts'

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** The one app that may sign people in here. */
export interface IdentityProviderClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUris: readonly string[]
  /** Told when a session here ends. */
  readonly backchannelLogoutUri?: string
  readonly postLogoutRedirectUris?: readonly string[]
}

/** A subject that stays the same over restarts, as nothing is stored: the address itself, in other letters. */
export function subjectOf(email: string): string {
  return Buffer.from(email.trim().toLowerCase()).toString('base64url')
}

/** The settings of oidc-provider. */
export function configurationOf(
  client: IdentityProviderClient,
  { accessTokenSeconds, apis }: { accessTokenSeconds: number; apis: Readonly<Record<string, string>> },
): Configuration {
  const hasApis = Object.keys(apis).length > 0
  return {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [...client.redirectUris],
        post_logout_redirect_uris: [...(client.postLogoutRedirectUris ?? [])],
        grant_types: ['authorization_code', 'refresh_token', ...(hasApis ? [exchangeGrant] : [])],
        ...(client.backchannelLogoutUri !== undefined && {
          backchannel_logout_uri: client.backchannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_context, accountId) => {
      const email = Buffer.from(accountId, 'base64url').toString()
      return { accountId, claims: () => ({ sub: accountId, email, email_verified: true, name: email.split('@')[0] }) }
    },
    // Every app gets a refresh token, so that keeping a connection can be tried without asking for consent again.
    issueRefreshToken: async (_context, allowed) => allowed.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    pkce: { required: () => true },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: [crypto.randomUUID()] },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: 2_592_000,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 2_592_000,
      Session: 1_209_600,
    },
    // oidc-provider lets nothing through to this machine, where the one app stands that has to hear of a logout.
    fetch: (url, options) => fetch(url, withoutGuard(options)),
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: async (_context, asking, token) => token.clientId === asking.clientId,
      },
      backchannelLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: hasApis,
        getResourceServerInfo: (_context, resource) => {
          const scope = apis[resource]
          if (scope === undefined) throw new errors.InvalidTarget()
          return { scope, audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: accessTokenSeconds }
        },
      },
      rpInitiatedLogout: {
        logoutSource: (context, form) => {
          context.body = signOutPage(form)
        },
        postLogoutSuccessSource: (context) => {
          context.body = messagePage('Signed out', 'You are signed out of this provider.')
        },
      },
    },
    renderError: (context, out) => {
      context.type = 'html'
      context.body = messagePage('Something went wrong', `${out.error}: ${out.error_description ?? ''}`)
    },
  }
}

function withoutGuard(options: object = {}): RequestInit {
  return { ...options, dispatcher: undefined } as RequestInit
}
