/** Texts that backends like to change: case, trailing spaces, patterns, separators, wide characters, large values. */
import { describe, expect, test } from 'vitest'
import { byKey, type ContractStore, createSample } from './sample.js'

const mebibyte = 1_048_576

/** Texts that mean something to some backend: as a key, as an owner, as a value they must be what they are. */
const hostile: readonly string[] = [
  `'; drop table auth_records; --`,
  `" or "1"="1`,
  `\\' or 1=1 -- `,
  '%',
  '_',
  '*',
  '?[a-z]*',
  '{tag}rest',
  'a:b:c',
  '$1 :name ?',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  ' leading and trailing ',
  '0',
  '1e3',
  'null',
]

/** Pairs that some collation or number conversion takes for the same. */
const lookalikes: readonly (readonly [string, string])[] = [
  ['Session', 'session'],
  ['abc', 'abc '],
  ['abc', ' abc'],
  ['01', '1'],
  ['1e1', '10'],
  ['a-b', 'a_b'],
  ['ab', 'ab\t'],
]

/** Pairs beyond ASCII, for owners and values. */
const wideLookalikes: readonly (readonly [string, string])[] = [
  ...lookalikes,
  ['\u00e9', 'e\u0301'],
  ['stra\u00dfe', 'strasse'],
  ['\u0131', 'i'],
  ['\u{1f600}', '\u{1f601}'],
  ['\ufffd', '?'],
]

/** Registers the suites of keys, owners, versions and values. */
export function describeText(context: ContractStore): void {
  describeKeys(context)
  describeOwnerText(context)
  describeVersions(context)
  describeValues(context)
}

function describeKeys({ store }: ContractStore): void {
  describe('keys', () => {
    test('may hold anything that is printable ASCII', async () => {
      const { kind, entry } = createSample()
      const entries = hostile.map((key) => entry({ key, value: JSON.stringify(key), owner: 'user-1' }))
      for (const one of entries) expect(await store().insert(one)).toBe(true)
      for (const one of entries) expect(await store().get(kind, one.key)).toStrictEqual(one)
      expect(byKey(await store().listByOwner(kind, 'user-1'))).toStrictEqual(byKey(entries))
      for (const one of entries) expect(await store().remove(kind, one.key, one.version)).toBe(true)
    })

    test.for(lookalikes)('%j and %j are two keys', async ([one, other]) => {
      const { kind, entry } = createSample()
      await store().insert(entry({ key: one, value: '1' }))
      expect(await store().get(kind, other)).toBeNull()
      expect(await store().remove(kind, other)).toBe(false)
      expect(await store().insert(entry({ key: other, value: '2' }))).toBe(true)
      expect((await store().get(kind, one))?.value).toBe('1')
      expect((await store().get(kind, other))?.value).toBe('2')
    })

    test('kind and key do not run together', async () => {
      const { kind, entry } = createSample()
      const one = entry({ kind: `${kind}-a`, key: 'b:c' })
      const other = entry({ kind: `${kind}-a:b`, key: 'c' })
      await store().insert(one)
      expect(await store().get(other.kind, other.key)).toBeNull()
      expect(await store().insert(other)).toBe(true)
    })

    test('have 128 characters at most, kinds 32, versions 32, and all of them count', async () => {
      const kind = createSample().kind.padEnd(31, 'k')
      const key = 'x'.repeat(127)
      const { entry } = createSample()
      const one = entry({ kind: `${kind}1`, key: `${key}1`, version: 'v'.repeat(32) })
      await store().insert(one)
      expect(await store().get(one.kind, `${key}2`)).toBeNull()
      expect(await store().get(`${kind}2`, one.key)).toBeNull()
      expect(await store().get(one.kind, one.key)).toStrictEqual(one)
    })
  })
}

function describeOwnerText({ store }: ContractStore): void {
  describe('owners', () => {
    test('may hold any text', async () => {
      const { kind, entry } = createSample()
      const owners = [...hostile, 'Zo\u00eb \u{1f9d1}\u200d\u{1f680}', '\u65e5\u672c', '\u202eright to left']
      for (const owner of owners) await store().insert(entry({ owner }))
      for (const owner of owners) {
        expect((await store().listByOwner(kind, owner)).map((one) => one.owner)).toEqual([owner])
      }
    })

    test.for(wideLookalikes)('%j and %j are two owners', async ([one, other]) => {
      const { kind, entry } = createSample()
      await store().insert(entry({ owner: one }))
      expect(await store().listByOwner(kind, other)).toEqual([])
      expect(await store().listByOwner(kind, one)).toHaveLength(1)
    })

    test('have 255 characters at most, and all of them count', async () => {
      const { kind, entry } = createSample()
      const owner = '\u{1f600}'.repeat(127)
      const owned = entry({ owner: `${owner}1` })
      await store().insert(owned)
      expect(await store().listByOwner(kind, `${owner}2`)).toEqual([])
      expect(await store().listByOwner(kind, `${owner}1`)).toStrictEqual([owned])
    })

    test('an owner without a name is not "no owner"', async () => {
      const { kind, entry } = createSample()
      const nameless = entry({ owner: '' })
      await store().insert(nameless)
      await store().insert(entry({ owner: null }))
      expect(await store().listByOwner(kind, '')).toStrictEqual([nameless])
    })
  })
}

function describeVersions({ store }: ContractStore): void {
  describe('versions', () => {
    test.for(lookalikes)('%j does not stand for %j', async ([one, other]) => {
      const { kind, entry, next } = createSample()
      const first = entry({ version: one })
      await store().insert(first)
      expect(await store().replace(next(first), other)).toBe(false)
      expect(await store().remove(kind, first.key, other)).toBe(false)
      expect(await store().get(kind, first.key)).toStrictEqual(first)
      expect(await store().replace(next(first), one)).toBe(true)
    })
  })
}

function describeValues({ store }: ContractStore): void {
  const values: Record<string, string> = {
    'an empty text': '',
    'white space around it': ' \n\t{"a": 1}\r\n ',
    'JSON in an order of its own, with doubled names': '{"b":1,"a":1.0,"a":1e2}',
    'text that looks like binary': String.fromCharCode(...Array.from({ length: 255 }, (_, index) => index + 1)),
    'an escaped NUL and an escaped half surrogate': JSON.stringify({ nul: '\0', half: '\ud800' }),
    'wide characters and emoji': '"\u65e5\u672c \u{1f600} \u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{10ffff} e\u0301"',
    'what means something to a backend': JSON.stringify(hostile),
    '1 MiB': `"${'x'.repeat(mebibyte - 2)}"`,
    '1 MiB of emoji': '\u{1f600}'.repeat(mebibyte / 4),
  }

  describe('values', () => {
    test.for(Object.keys(values))('keep %s as it is, on insert, replace and list', async (name) => {
      const { kind, entry, next } = createSample()
      const value = values[name] ?? ''
      const first = entry({ value, owner: 'user-1' })
      await store().insert(first)
      expect((await store().get(kind, first.key))?.value === value).toBe(true)
      await store().replace(next(first, { value }), first.version)
      const [listed] = await store().listByOwner(kind, 'user-1')
      expect(listed?.value === value).toBe(true)
    })
  })
}
