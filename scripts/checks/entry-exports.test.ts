import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { declaredExports, differences } from './entry-exports.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'entry-exports-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(folder, 'inside.d.ts'),
    'export declare class A {}\nexport declare const b: 1\nexport interface C {}\n',
  )
  writeFileSync(join(folder, 'barrel.d.ts'), "export * from './inside.js'\n")
  writeFileSync(
    join(folder, 'types.d.ts'),
    "export type { A, C } from './inside.js'\nexport { b } from './inside.js'\n",
  )
  writeFileSync(join(folder, 'further.d.ts'), "export { A as Renamed, b } from './types.js'\n")
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('declaredExports', () => {
  test.for([
    ['inside', ['A', 'b']],
    ['barrel', ['A', 'b']],
    ['types', ['b']],
    ['further', ['b']],
  ] as const)('of %s.d.ts has the names that are there at run time', ([name, values]) => {
    expect(declaredExports([join(folder, `${name}.d.ts`)])[0]?.values.toSorted()).toStrictEqual(values)
  })

  test('also names the types', () => {
    expect(declaredExports([join(folder, 'types.d.ts')])[0]?.all.toSorted()).toStrictEqual(['A', 'C', 'b'])
  })
})

describe('differences', () => {
  test('are none where both have the same names', () => {
    expect(differences('@x/y', ['a', 'b'], ['b', 'a'])).toStrictEqual([])
  })

  test('name what leaks at run time, and what is not there', () => {
    expect(differences('@x/y', ['a', 'b'], ['b', 'inside'])).toStrictEqual([
      '@x/y exports inside at run time, which its declarations do not have',
      '@x/y declares a, which it does not export at run time',
    ])
  })
})
