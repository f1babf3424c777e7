/** One bounded fetch of a small JSON document from a server that may be slow, large or hostile. */
import { StoreError } from '../errors.js'
import type { Platform } from '../platform.js'
import { parseJsonBytes } from './strict-json.js'

/** How long an answer is good that a cache has kept for too long already. */
const staleSeconds = 30

/** A document, and how long it may be kept. */
export interface FetchedDocument {
  readonly body: unknown
  /** What is left of the answer's `max-age`, in seconds; `null`: it names none. */
  readonly maxAge: number | null
}

/** The document at a URL. Follows no redirect, sends nothing. Throws `StoreError` for whatever is not one in time and size. */
export async function fetchJson(
  platform: Platform,
  url: string,
  limits: { readonly mostBytes: number; readonly timeoutSeconds: number },
): Promise<FetchedDocument> {
  const signal = AbortSignal.timeout(limits.timeoutSeconds * 1000)
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`nothing within ${limits.timeoutSeconds} s`)), {
      once: true,
    })
  })
  try {
    return await Promise.race([read(platform, url, { mostBytes: limits.mostBytes, signal }), late])
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new StoreError('The document cannot be fetched.', { cause })
  }
}

async function read(
  platform: Platform,
  url: string,
  { mostBytes, signal }: { readonly mostBytes: number; readonly signal: AbortSignal },
): Promise<FetchedDocument> {
  // Not 'error', which workerd does not take for a request; a redirect is no 200.
  const response = await platform.fetch(url, { signal, redirect: 'manual', headers: { accept: 'application/json' } })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new StoreError(`The document's server answered ${response.status}.`)
  }
  const body = parseJsonBytes(await readBounded(response, mostBytes))
  if (!body) throw new StoreError('The document is no JSON object.')
  return { body, maxAge: maxAgeOf(response.headers) }
}

/**
 * A cache on the way has kept the answer for its `Age` already (RFC 9111 §4.2.3): both together would keep it twice as long.
 * What such a cache hands out beyond its age it would hand out again, so that is no reason to ask at every moment.
 */
function maxAgeOf(headers: Headers): number | null {
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})(?:[\s,]|$)/i.exec(headers.get('cache-control') ?? '')?.[1]
  const age = /^\d+/.exec(headers.get('age') ?? '')?.[0] ?? 0
  return maxAge === undefined ? null : Math.max(Number(maxAge) - Number(age), Math.min(Number(maxAge), staleSeconds))
}

/** The whole body. Throws `StoreError` where it is longer. */
export async function readBounded(response: Response, mostBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  for (;;) {
    const next = await reader?.read()
    if (!next || next.done) break
    length += next.value.length
    if (length > mostBytes) {
      // Not waited for: half of a cloned answer is done only when the other half is.
      reader?.cancel().catch(() => undefined)
      throw new StoreError('The document is too large.')
    }
    chunks.push(next.value)
  }
  const all = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.length
  }
  return all
}
