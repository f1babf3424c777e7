/** Where to go after a sign-in: a path of this origin, or `/`. Neither an open redirector nor a dead end. */

/** A longer path is nobody's page, and would not fit the cookie that carries it. */
const mostLength = 1024
/** Control characters and backslashes: browsers drop the first and read the second as slashes. */
const unsafe = /[\u0000-\u001f\u007f\\]/

/**
 * The path, query and fragment of a value straight from a query, resolved against `origin`; `/` for anything that is not
 * a path of that origin (WHATWG URL; RFC 9700 §4.11).
 */
export function returnToPath(value: unknown, origin: string): string {
  if (typeof value !== 'string' || value.length > mostLength) return '/'
  if (!value.startsWith('/') || value.startsWith('//') || unsafe.test(value)) return '/'
  try {
    const url = new URL(value, origin)
    const path = url.pathname + url.search + url.hash
    // Encoded it may be nine times as long.
    if (path.length > mostLength || path.startsWith('//')) return '/'
    return url.origin === new URL(origin).origin ? path : '/'
  } catch {
    return '/'
  }
}
