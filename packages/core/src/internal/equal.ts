/** Comparison of secrets and digests in a time that depends on their length only. */

const utf8 = new TextEncoder()
/** Longer than any digest; at most three bytes stand for one unit of a text. */
const left = new Uint8Array(256)
const right = new Uint8Array(left.length)
const mostUnits = Math.floor(left.length / 3)

/**
 * Whether two texts are equal, in constant time for ASCII texts of one length. By way of bytes: asking a text for one
 * unit after the other took longer than the digest that is compared. Half a surrogate pair counts as U+FFFD.
 */
export function constantTimeEqual(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  if (one.length > mostUnits) return areEqual(utf8.encode(one), utf8.encode(other))
  const { written } = utf8.encodeInto(one, left)
  return utf8.encodeInto(other, right).written === written && areEqual(left, right, written)
}

function areEqual(these: Uint8Array, those: Uint8Array, length: number = these.length): boolean {
  let difference = these.length ^ those.length
  for (let index = 0; index < length; index += 1) difference |= (these[index] as number) ^ (those[index] as number)
  return difference === 0
}
