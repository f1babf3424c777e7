/** The visitor's IP address, as `server.ts` has written it into the request. */

/** `unknown` where another server stands before Next and does not tell: all such visitors are throttled as one. */
export function addressOf(headers: { get(name: string): string | null }): string {
  return headers.get('x-forwarded-for')?.split(',', 1)[0]?.trim() || 'unknown'
}
