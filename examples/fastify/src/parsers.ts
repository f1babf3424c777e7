/** Bodies: JSON everywhere; forms only where a plugin asks for them. Everything else is 415. */
import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { AppError } from './app-error.ts'

/** Octets; more is 413. */
export const bodyLimit = 65_536

/** Takes JSON in UTF-8, and nothing else, in this scope. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8'
    if (!/^utf-?8$/i.test(charset)) return done(new AppError('unsupported_media_type'))
    return parse(request, body as string, done)
  })
}

/** Takes HTML forms in this scope; nothing else with `only`. */
export async function takeForms(app: FastifyInstance, { only }: { only: boolean }): Promise<void> {
  if (only) app.removeAllContentTypeParsers()
  await app.register(formbody)
}
