import { type Entry, StoreError } from '@tessera-auth/core/store'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRecord, writeRecord } from './record-text.js'

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('a', '"', ',', '\\', '\n', ']', 'é', '\u2028', '😀') }),
  fc.stringMatching(/^[\w-]{22}$/),
)
const entries: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constant('session'),
  key: texts,
  owner: fc.option(texts),
  version: texts,
  expiresAt: fc.option(fc.oneof(fc.integer(), fc.maxSafeInteger())),
  value: texts,
})

test('a record is read as it was written, whatever its texts', () => {
  fc.assert(
    fc.property(entries, texts, (entry, inserted) => {
      expect(readRecord(entry.kind, entry.key, writeRecord(entry, inserted))).toEqual({ entry, inserted })
    }),
    { numRuns: 5000 },
  )
})

test.each([
  '',
  '\n',
  'null\n{}',
  '["a",1,null,"a"]{}',
  '["a",1,null,"a"\n{}',
  '"a",1,null,"a"]\n{}',
  '["a",1,null,a"]\n{}',
  '["a",1,nul,"a"]\n{}',
  '["a",1,"o,"a"]\n{}',
  '["a",1,o","a"]\n{}',
  '["a",1,"o"o","a"]\n{}',
  '["a",one,null,"a"]\n{}',
  '["a",,null,"a"]\n{}',
  '["a"1,null,"a"]\n{}',
])('%j is no record: StoreError', (text) => {
  expect(() => readRecord('session', 'a', text)).toThrow(StoreError)
})
