/** The visitor's IP address, as `write-address.ts` has written it into the request. */

/** `unknown` where nothing has written it: all such visitors are throttled as one. */
export function addressOf(headers: { get(name: string): string | null }): string {
  return headers.get('x-forwarded-for')?.split(',', 1)[0]?.trim() || 'unknown'
}
