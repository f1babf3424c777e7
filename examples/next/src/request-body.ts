/** Reading bodies within a bound. */
import { AppError } from './app-error.ts'
import { isPlainText, parseForm, parseJson } from './body.ts'

/** What a route takes. */
export type BodyType = 'json' | 'form'

/** Octets; more is 413. */
const limit = 65_536

const typeNames: Readonly<Record<BodyType, string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
}

/** The body, as values; `undefined` where there is none. Another type is 415. */
export async function readBody(request: Request, types: readonly BodyType[]): Promise<unknown> {
  if (!hasBody(request.headers)) return undefined
  const type = types.find((one) => isOfType(request.headers, one))
  if (!type) throw new AppError('unsupported_media_type', { accepts: types.map((one) => typeNames[one]) })
  const text = await readText(request)
  return type === 'form' ? parseForm(text) : parseJson(text)
}

/** Throws `AppError` for a `multipart/form-data` body that is too long, or is none. */
export async function checkMultipart(request: Request): Promise<void> {
  const headers = { 'Content-Type': request.headers.get('content-type') ?? '' }
  const copy = new Response(await readText(request), { headers })
  await copy.formData().catch(() => {
    throw new AppError('invalid_request')
  })
}

function hasBody(headers: Headers): boolean {
  return headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0
}

function isOfType(headers: Headers, type: BodyType): boolean {
  const contentType = headers.get('content-type') ?? ''
  const [name = ''] = contentType.split(';', 1)
  const isPlain = isPlainText(contentType, headers.get('content-encoding') ?? undefined)
  return name.trim().toLowerCase() === typeNames[type] && isPlain
}

async function readText({ body, headers }: Request): Promise<string> {
  if (Number(headers.get('content-length') ?? 0) > limit) throw new AppError('payload_too_large')
  const decoder = new TextDecoder()
  let size = 0
  let text = ''
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > limit) throw new AppError('payload_too_large')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
