/** The rules of the source, on small sources that keep or break them. */
import { describe, expect, it } from 'vitest'
import { parseSource } from './source-file.ts'
import { docstringProblems, doorProblems, filePathProblems, lengthProblems } from './source-rules.ts'

const source = (text: string) => parseSource('packages/core/src/x.ts', text)

describe('doorProblems', () => {
  it.each([
    'Date.now()',
    'new Date()',
    'Math.random()',
    'setTimeout(f, 1)',
    'globalThis.fetch(url)',
    'const get = fetch',
    'const options = { fetch: fetch }',
    'performance.now()',
    'crypto.getRandomValues(bytes)',
    'globalThis.crypto.randomUUID()',
    'process.env.HOME',
    `import { randomBytes } from 'node:crypto'`,
    `import { request } from 'node:https'`,
    `import { setTimeout as sleep } from 'node:timers/promises'`,
  ])('refuses %s', (text) => {
    expect(doorProblems(source(text))).toHaveLength(1)
  })

  it.each([
    'new Date(seconds * 1000)',
    'platform.fetch(url)',
    'const platform = { fetch() {} }',
    'function read(fetch: Fetch) {}',
    `import { hash } from 'node:crypto'`,
    `import type { IncomingMessage } from 'node:http'`,
  ])('allows %s', (text) => {
    expect(doorProblems(source(text))).toEqual([])
  })
})

describe('lengthProblems', () => {
  const body = (lines: number): string => Array.from({ length: lines }, () => '  work()').join('\n')

  it('refuses a function of more than 50 lines', () => {
    expect(lengthProblems(source(`function long() {\n${body(49)}\n}`))).toHaveLength(1)
  })

  it('allows a function of 50 lines', () => {
    expect(lengthProblems(source(`function long() {\n${body(48)}\n}`))).toEqual([])
  })

  it('counts neither blank lines nor comments', () => {
    expect(lengthProblems(source(`function long() {\n${body(48)}\n\n  // why\n  /* and how */\n}`))).toEqual([])
  })

  it('counts the functions inside a factory on their own', () => {
    const inner = `  function inner() {\n${body(30)}\n  }`
    expect(lengthProblems(source(`function factory() {\n${inner}\n${inner}\n${inner}\n}`))).toEqual([])
  })

  it('refuses a factory that closes over too much', () => {
    const inner = `  function inner() {\n${body(40)}\n  }\n`
    expect(lengthProblems(source(`function factory() {\n${inner.repeat(5)}\n}`))).toHaveLength(1)
  })
})

describe('filePathProblems', () => {
  it.each([
    `const cwd = new URL('..', import.meta.url).pathname`,
    'const here = new URL(import.meta.url).pathname',
    `const cwd = new URL(\n  'app/',\n  import.meta.url,\n).pathname`,
  ])('refuses %s', (text) => {
    expect(filePathProblems(source(text))).toStrictEqual([expect.stringContaining('fileURLToPath')])
  })

  it.each([
    `const cwd = fileURLToPath(new URL('..', import.meta.url))`,
    'const { pathname } = new URL(request.url)',
    'const route = new URL(request.url).pathname',
  ])('allows %s', (text) => {
    expect(filePathProblems(source(text))).toEqual([])
  })
})

describe('docstringProblems', () => {
  it.each([
    'export function silent(): void {}',
    'export const silent = 1',
    'export type Silent = string',
    'export interface Silent {\n  /** Said. */\n  said: string\n}',
    '// Said to nobody.\nexport class Silent {}',
  ])('refuses %s', (text) => {
    expect(docstringProblems(source(text))).toHaveLength(1)
  })

  it.each([
    'function own(): void {}',
    `export * from './a.js'`,
    '/** Said. */\nexport function said(a: string): void\nexport function said(a: unknown): void {}',
    '/** Said. */\nexport class Said {}',
  ])('allows %s', (text) => {
    expect(docstringProblems(source(text))).toEqual([])
  })
})
