/** Token exchange (RFC 8693) for the local provider: an access token in, one with less scope and five minutes to live out. */
import { createTokenVerifier } from '@tessera-auth/core'
import { errors, type Provider, type ResourceServerInstance } from 'oidc-provider'

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const lifetimeSeconds = 300

/** The parameters that are looked at. */
interface ExchangeParameters {
  readonly subject_token?: string
  readonly subject_token_type?: string
  readonly resource?: string
  readonly scope?: string
}

/** Lets clients exchange tokens for these APIs: resource indicator by resource indicator, the scopes that each knows. */
export function allowTokenExchange(provider: Provider, issuer: string, apis: Readonly<Record<string, string>>): void {
  const parameters = ['subject_token', 'subject_token_type', 'requested_token_type', 'resource', 'scope']
  provider.registerGrantType<ExchangeParameters>(
    grantType,
    async (context) => {
      const { client, params } = context.oidc
      const { subject_token: subjectToken = '', subject_token_type: type, resource = '', scope = '' } = params
      if (apis[resource] === undefined) throw new errors.InvalidTarget()
      const verifier = createTokenVerifier({ issuer, jwksUri: `${issuer}/jwks`, audience: resource })
      const subject = type === accessTokenType ? await verifier.verify(subjectToken) : null
      if (subject?.client_id !== client.clientId) throw new errors.InvalidGrant('the subject token is not good')
      const held = (subject.scope ?? '').split(' ')
      if (scope === '' || !scope.split(' ').every((name) => held.includes(name))) {
        throw new errors.InvalidScope('more than the subject token has', scope)
      }
      const grantId = await grantFor(provider, { accountId: subject.sub, clientId: client.clientId, resource, scope })
      const resourceServer = serverOf(resource, apis[resource])
      const about = { client, accountId: subject.sub, grantId, gty: 'token_exchange', scope }
      const token = new provider.AccessToken({ ...about, resourceServer, expiresIn: lifetimeSeconds })
      context.body = {
        access_token: await token.save(),
        issued_token_type: accessTokenType,
        token_type: 'Bearer',
        expires_in: lifetimeSeconds,
        scope,
      }
    },
    parameters,
  )
}

/** What the new token stands on, so that the provider can list and end it. */
function grantFor(
  provider: Provider,
  about: { accountId: string; clientId: string; resource: string; scope: string },
): Promise<string> {
  const { accountId, clientId, resource, scope } = about
  const grant = new provider.Grant({ accountId, clientId })
  grant.addResourceScope(resource, scope)
  return grant.save()
}

/** oidc-provider signs what is for such a server as a JWT, with the server as audience. */
function serverOf(resource: string, scope: string): ResourceServerInstance {
  const scopes = new Set(scope.split(' '))
  return { identifier: () => resource, audience: resource, scope, scopes, accessTokenFormat: 'jwt' }
}
