/** Comparison of secrets and digests in a time that depends on their length only. */

/**
 * Whether two texts are equal, in constant time for texts of one length. Unit by unit: a way by bytes is two calls into the
 * engine, which cost a server more than the loop.
 */
export function constantTimeEqual(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  let difference = 0
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index)
  return difference === 0
}
