/** Comparison of secrets and digests in a time that depends on their length only. */

/** Whether two ASCII texts are equal, in constant time for texts of one length. */
export function constantTimeEqual(left: string, right: string): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let index = 0; index < left.length; index += 1) difference |= left.charCodeAt(index) ^ right.charCodeAt(index)
  return difference === 0
}
