/** What an OAuth attempt's sealed cookie has proven: it stands in for the CSRF guard where an answer comes by `form_post`. */

const proven = new WeakSet<object>()

/** Marks a finished login, or the request it was finished in, as proven by its own attempt. */
export function markProven(subject: object): void {
  proven.add(subject)
}

/** Whether an attempt of its own proves a login or a request. */
export function isProven(subject: object | undefined): boolean {
  return subject !== undefined && proven.has(subject)
}
