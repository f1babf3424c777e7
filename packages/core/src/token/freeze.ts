/** What several requests share must not be changed by one of them. */

/** The same value, frozen to its leaves. */
export function freezeDeeply<Value extends object>(value: Value): Value {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) freezeDeeply(member)
  return Object.freeze(value)
}
