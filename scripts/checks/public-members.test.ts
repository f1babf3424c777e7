/** Which members must say what they are: those of what an index file exports. */
import { describe, expect, it } from 'vitest'
import { memberProblems } from './public-members.ts'
import { parseSource } from './source-file.ts'

const thing = 'export interface Thing {\n  silent: string\n}\nexport interface Inner {\n  silent: string\n}'
const problems = (index: string, source: string = thing): string[] =>
  memberProblems([parseSource('packages/a/src/index.ts', index), parseSource('packages/a/src/thing.ts', source)])

describe('memberProblems', () => {
  it.each([
    `export type { Thing } from './thing.js'`,
    `export { type Thing as Other } from './thing.js'`,
    `export type { Thing } from './thing.js'\nexport { type Thing as Again } from './thing.js'`,
  ])('names a silent member once: %s', (index) => {
    expect(problems(index)).toEqual(['packages/a/src/thing.ts:2 has no docstring: Thing.silent'])
  })

  it('follows export *', () => {
    expect(problems(`export * from './thing.js'`)).toHaveLength(2)
  })

  it('leaves alone what is not exported from an index file', () => {
    expect(problems('export {}')).toEqual([])
  })

  it('accepts a documented member', () => {
    const source = 'export interface Thing {\n  /** Said. */\n  said: string\n}'
    expect(problems(`export * from './thing.js'`, source)).toEqual([])
  })

  it('leaves alone private members, overrides and constructors of a class', () => {
    const source = 'export class Thing {\n  private hidden = 1\n  override name = ""\n  constructor() {}\n}'
    expect(problems(`export * from './thing.js'`, source)).toEqual([])
  })
})
