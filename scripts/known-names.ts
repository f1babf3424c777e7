/** Names on a command line: a mistyped one must not run nothing, and pass. */

/** The status of a command that was called wrongly; one that ran and failed has 1. */
const wrongUse = 2

/** Refuses names that are none: says which, and what there is. The exit status, 0 when all are known. */
export function checkNames(kind: string, asked: readonly string[], known: readonly string[]): number {
  const unknown = asked.filter((name) => !known.includes(name))
  if (unknown.length === 0) return 0
  process.stderr.write(`No such ${kind}: ${unknown.join(', ')}. There is: ${known.join(', ')}.\n`)
  return wrongUse
}
