/** Bodies: JSON everywhere; forms only where a plugin asks for them. Everything else is 415. */
import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyRequest, RequestPayload } from 'fastify'
import { AppError } from './app-error.ts'
import { isPlainText, parseForm, parseJson } from './body.ts'

/** Octets; more is 413. */
export const bodyLimit = 65_536

/** Takes JSON in UTF-8, and nothing else, in this scope. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addHook('preParsing', refuseUnread)
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    parseJson(new TextDecoder().decode(body)),
  )
}

/** Takes HTML forms in this scope; nothing else with `only`. */
export async function takeForms(app: FastifyInstance, { only }: { only: boolean }): Promise<void> {
  if (only) app.removeAllContentTypeParsers()
  await app.register(formbody, { parser: (text) => ({ ...parseForm(text) }) })
}

/** Parsers are chosen by the type alone. */
async function refuseUnread(
  { method, headers }: FastifyRequest,
  _reply: unknown,
  payload: RequestPayload,
): Promise<RequestPayload> {
  const { 'content-type': type, 'content-encoding': encoding } = headers
  const isRead = type !== undefined && method !== 'GET' && method !== 'HEAD'
  if (isRead && !isPlainText(type, encoding)) throw new AppError('unsupported_media_type')
  return payload
}
