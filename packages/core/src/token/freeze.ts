/** What several requests share must not be changed by one of them. */

/** The same value, frozen to its leaves, however deep it is. */
export function freezeDeeply<Value extends object>(value: Value): Value {
  const open: object[] = [value]
  for (let next = open.pop(); next; next = open.pop()) {
    // Parsed JSON has no inherited members, and this makes no list of them.
    for (const name in next) {
      const member: unknown = (next as Record<string, unknown>)[name]
      if (typeof member === 'object' && member !== null) open.push(member)
    }
    Object.freeze(next)
  }
  return value
}
