import { describe, expect, test } from 'vitest'
import { shakeDeclarations } from './shake-declarations.ts'

/** What is shipped of these files, by path; `/index.d.ts` is the entry. */
function shake(files: Readonly<Record<string, string>>): Record<string, string> {
  const emitted = Object.entries(files).map(([path, text]) => ({ path, text }))
  return Object.fromEntries(shakeDeclarations(emitted, ['/index.d.ts']).map(({ path, text }) => [path, text]))
}

describe('shakeDeclarations', () => {
  test('keeps what an entry exports, to the letter', () => {
    const open =
      '/** Opens. */\nexport declare function open(options: {\n    /** Where. */\n    at: string;\n}): void;\n'
    const files = { '/index.d.ts': `/** The module. */\nexport { open } from './open.js';\n`, '/open.d.ts': open }
    expect(shake(files)).toEqual(files)
  })

  test('keeps what an entry declares, exports by a star, under another name, as a namespace or from another package', () => {
    const files = {
      '/index.d.ts': [
        `export * from './star.js';`,
        `export { inner as outer } from './named.js';`,
        `export * as all from './all.js';`,
        `export { other } from 'other';`,
        'export declare const own: number;\n',
      ].join('\n'),
      '/star.d.ts': 'export declare const star: number;\n',
      '/named.d.ts': 'export declare const inner: number;\n',
      '/all.d.ts': 'export declare const one: number;\n',
    }
    expect(shake(files)).toEqual(files)
  })

  test('keeps what one that stays names, with what is said in it, from file to file', () => {
    const files = {
      '/index.d.ts': `import type { Inner } from './inner.js';\nexport declare function open(): Inner;\n`,
      '/inner.d.ts': [
        `import type { Base } from './base.js';`,
        '/** What is inside. */\nexport interface Inner extends Base {\n    /** A deeper one. */',
        `    readonly deep: import('./deep.js').Deep;\n}\n`,
      ].join('\n'),
      '/base.d.ts': 'interface Root {\n}\nexport interface Base extends Root {\n}\nexport {};\n',
      '/deep.d.ts': 'export type Deep = typeof value;\ndeclare const value: number;\n',
    }
    expect(shake(files)).toEqual(files)
  })

  test('drops what nothing names: declarations, names of lists, and whole files', () => {
    const files = {
      '/index.d.ts': `export { open } from './open.js';\n`,
      '/open.d.ts': [
        `import { type Used, type Unused } from './types.js';`,
        `import type { Alone } from './alone.js';`,
        'export declare function open(): Used;',
        '/** The inside. */\nexport declare function inside(): Unused & Alone;\n',
      ].join('\n'),
      '/types.d.ts': 'export interface Used {\n}\nexport interface Unused {\n}\n',
      '/alone.d.ts': 'export interface Alone {\n}\n',
    }
    expect(shake(files)).toEqual({
      '/index.d.ts': `export { open } from './open.js';\n`,
      '/open.d.ts': `import { type Used } from './types.js';\nexport declare function open(): Used;\n`,
      '/types.d.ts': 'export interface Used {\n}\n',
    })
  })

  test('keeps what is declared into another module by a file that stays, and imports for the sake of that', () => {
    const files = {
      '/index.d.ts': `import './augment.js';\nexport declare const own: number;\n`,
      '/augment.d.ts': [
        `import type { Auth } from './auth.js';`,
        `declare module 'framework' {\n    interface Request {\n        auth: Auth;\n    }\n}`,
        'export {};\n',
      ].join('\n'),
      '/auth.d.ts': 'export interface Auth {\n}\n',
    }
    expect(shake(files)).toEqual(files)
  })

  test('what is shipped leads to the same once more', () => {
    const once = shake({
      '/index.d.ts': `export { open } from './open.js';\n`,
      '/open.d.ts': 'export declare function open(): void;\nexport declare function inside(): void;\n',
    })
    expect(shake(once)).toEqual(once)
  })

  test('an entry that was not made is an error', () => {
    expect(() => shake({ '/other.d.ts': 'export {};\n' })).toThrow('/index.d.ts was not made')
  })
})
