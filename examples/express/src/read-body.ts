/** Reading bodies within a bound. */
import express, { type Request, type RequestHandler, type Response } from 'express'
import { AppError } from './app-error.ts'
import { isPlainText, parseForm, parseJson } from './body.ts'

/** Octets; more is 413. */
const limit = 65_536

const octets = express.raw({ limit, inflate: false, type: () => true })
const parsers = { 'application/json': parseJson, 'application/x-www-form-urlencoded': parseForm } as const

type BodyType = keyof typeof parsers

/** Takes JSON only. A request with any other body is 415. */
export const jsonBody: RequestHandler = reading('application/json')

/** Takes HTML forms only. */
export const formBody: RequestHandler = reading('application/x-www-form-urlencoded')

/** Takes both, as OAuth endpoints do. */
export const jsonOrFormBody: RequestHandler = reading('application/json', 'application/x-www-form-urlencoded')

function reading(...types: BodyType[]): RequestHandler {
  return async (request, response, next) => {
    if (!hasBody(request)) return next()
    const { 'content-type': contentType, 'content-encoding': encoding } = request.headers
    const type = types.find((one) => request.is(one))
    if (!type || !isPlainText(contentType, encoding)) throw new AppError('unsupported_media_type', { accepts: types })
    request.body = parsers[type](await readText(request, response))
    next()
  }
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

async function readText(request: Request, response: Response): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    octets(request, response, (error?: unknown) => (error ? reject(error) : resolve()))
  })
  return new TextDecoder().decode(request.body)
}
