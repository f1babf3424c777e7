/** Paths that are spelled in another way than this app spells its own. */

/** A slash too many, a dot segment, or an escape that need not be one: routers disagree on what is meant. */
const odd = /\/\/|\\|[^/]\/$|\/\.{1,2}(\/|$)|%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i

/** Whether a path is not spelled as it should be: nothing is there, even if something is under its usual spelling. */
export function isOddPath(path: string): boolean {
  return odd.test(path)
}
