/** Somebody else's API: prescriptions, behind the clinic's own authorization server. It knows nothing of our app. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createTokenVerifier, errorResponse, AuthError, type TokenVerifier } from '@tessera-auth/core'

/** Options of {@link createClinicApi}. */
export interface ClinicApiOptions {
  /** The clinic's authorization server. */
  readonly issuer: string
  /** The API's own identifier, which its tokens name as audience. */
  readonly resource: string
  /** The origin whose pages may call it with a delegated token. */
  readonly allowedOrigin: string
}

/** The API as a server, not yet listening. */
export function createClinicApi({ issuer, resource, allowedOrigin }: ClinicApiOptions): Server {
  const verifier = createTokenVerifier({ issuer, jwksUri: `${issuer}/jwks`, audience: resource })
  const prescriptions = [{ id: 'p1', medicine: 'Amoxicillin 500 mg', repeats: 2 }]

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Access-Control-Allow-Origin', allowedOrigin)
    response.setHeader('Vary', 'Origin')
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Headers', 'Authorization')
      return void response.writeHead(204).end()
    }
    const scope = request.method === 'GET' ? 'prescriptions:read' : 'prescriptions:write'
    const patient = await requireScope(verifier, request.headers.authorization, scope)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ patient, prescriptions }))
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const known = errorResponse(error) ?? { status: 500, headers: {}, body: '' }
      response.writeHead(known.status, known.headers).end(known.body)
    })
  })
}

async function requireScope(verifier: TokenVerifier, header: string | undefined, scope: string): Promise<string> {
  const claims = await verifier.verify(/^Bearer (.+)$/.exec(header ?? '')?.[1] ?? '')
  if (!claims) throw new AuthError('invalid_token')
  if (!claims.scope?.split(' ').includes(scope)) throw new AuthError('insufficient_scope')
  return claims.sub
}
