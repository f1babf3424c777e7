/** JSON as a token may hold it: one object, UTF-8, no member named twice (RFC 8259 §4, RFC 8725 §3.7). */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** U+FFFD, which stands in a text for octets that are not UTF-8. */
const replaced = '\uFFFD'

interface NativeBuffer {
  isBuffer(value: unknown): value is { toString(encoding: 'utf8'): string }
}

const native = (globalThis as { Buffer?: NativeBuffer }).Buffer

/** A JSON object as it was parsed; `__proto__` is a member like any other. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The object in these bytes; `null` for anything else. Takes time linear in the length. */
export function parseJsonBytes(bytes: Uint8Array): JsonObject | null {
  try {
    return parseJsonObject(decodeUtf8(bytes))
  } catch {
    return null
  }
}

// Decoding leniently is several times faster; what it replaced shows, and only then is it done strictly.
function decodeUtf8(bytes: Uint8Array): string {
  const given: unknown = bytes
  const text = native?.isBuffer(given) ? given.toString('utf8') : replaced
  return text.includes(replaced) ? utf8.decode(bytes) : text
}

/** The object in this text; `null` for anything else, and where a member is named twice at any depth. */
export function parseJsonObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value)) return null
    // What is written again as it was read has no member that was lost on the way: the usual case, and native code.
    return JSON.stringify(value) === text || !hasDuplicateMember(text) ? value : null
  } catch {
    return null
  }
}

/** Whether a value is an object with members, not an array or `null`. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Walks valid JSON: only strings and the four brackets matter, and a string before a colon is a name. */
function hasDuplicateMember(text: string): boolean {
  const open: (Set<string> | null)[] = []
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(null)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(text, index)
      const names = open.at(-1)
      if (names && isFollowedByColon(text, end)) {
        const name = String(JSON.parse(text.slice(index, end)))
        if (names.has(name)) return true
        names.add(name)
      }
      index = end - 1
    }
  }
  return false
}

function endOfString(text: string, start: number): number {
  let index = start + 1
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1
  return index + 1
}

function isFollowedByColon(text: string, from: number): boolean {
  let index = from
  while (' \t\n\r'.includes(text[index] ?? '!')) index += 1
  return text[index] === ':'
}
