/** The form in the body of a request to an OAuth endpoint (RFC 6749, appendix B): bounded, and each name at most once. */
import type { RequestView } from '../cookie/request-view.js'

/** The pieces of a body. A reader of a web stream has them, so has the iterator of a node:http request. */
export interface BodyChunks {
  /** The next piece. */
  next(): Promise<{ readonly done?: boolean | undefined; readonly value?: Uint8Array | undefined }>
}

/** Why a body is no form. */
export type NoForm = 'malformed' | 'too_large'

/** Twice what the longest token takes; a token and the client's credentials are all that is sent here. */
const mostBytes = 131_072
const formType = /^application\/x-www-form-urlencoded *(?:;|$)/i

/** Whether a request says that it sends one. */
export function isForm({ headers }: Pick<RequestView, 'headers'>): boolean {
  return formType.test(headers.get('content-type') ?? '')
}

/** Reads it, and not a byte more than it may have. */
export async function readForm(
  request: Pick<RequestView, 'headers'>,
  chunks: BodyChunks | null,
): Promise<URLSearchParams | NoForm> {
  if (!isForm(request)) return 'malformed'
  const text = await readText(chunks)
  if (text === 'malformed' || text === 'too_large') return text
  const form = new URLSearchParams(text.form)
  const names = [...form.keys()]
  // RFC 6749 §3.2: which of two would count, another reader might decide otherwise.
  return new Set(names).size === names.length ? form : 'malformed'
}

async function readText(chunks: BodyChunks | null): Promise<{ readonly form: string } | NoForm> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let form = ''
  let bytes = 0
  try {
    for (let read = await chunks?.next(); read?.value && !read.done; read = await chunks?.next()) {
      bytes += read.value.byteLength
      if (bytes > mostBytes) return 'too_large'
      form += decoder.decode(read.value, { stream: true })
    }
    return { form: form + decoder.decode() }
  } catch {
    // Not UTF-8, or the sender went away.
    return 'malformed'
  }
}
