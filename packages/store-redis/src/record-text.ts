/** A record as one string: a line of JSON that scripts look at, and then the value as it came, never escaped. */
import { StoreError, type Entry } from '@tessera-auth/core/store'

/** Whose the record is, and what it is called in that owner's index. */
interface Ownership {
  readonly owner: string | null
  /** What the call that inserted the record named it. */
  readonly inserted: string
}

/** `["version",expiresAt,owner,"inserted"]`, a line break, and the value. */
export function writeRecord(entry: Entry, inserted: string): string {
  const { version, expiresAt, owner, value } = entry
  return `${versionPrefix(version)}${expiresAt},${JSON.stringify(owner)}${insertedEnd(inserted)}\n${value}`
}

/** What the line of a record ends with that this call inserted, and no other. */
export function insertedEnd(inserted: string): string {
  return `,${JSON.stringify(inserted)}]`
}

/** What a record of this version, and no other, begins with. */
export function versionPrefix(version: string): string {
  return `[${JSON.stringify(version)},`
}

/** A record as it was read. */
export interface FoundRecord {
  readonly entry: Entry
  /** What the call that inserted it named it. */
  readonly inserted: string
}

/** Reads what `writeRecord` wrote. Throws `StoreError` for anything else. */
export function readRecord(kind: string, key: string, text: string): FoundRecord {
  const end = text.indexOf('\n')
  try {
    const [version, expiresAt, owner, inserted] = JSON.parse(text.slice(0, end)) as Line
    return { entry: { kind, key, owner, value: text.slice(end + 1), version, expiresAt }, inserted }
  } catch (cause) {
    throw new StoreError('A record is not in the form in which this store writes it.', { cause })
  }
}

/** What the replace script says of a record that must be indexed first: the line's end, from the owner on. */
export function readLineEnd(text: string): Ownership {
  const [owner, inserted] = JSON.parse(`[${text}`) as [string | null, string]
  return { owner, inserted }
}

type Line = [version: string, expiresAt: number | null, owner: string | null, inserted: string]
