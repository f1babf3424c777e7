import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { putInPlace, removeOthers } from './put-in-place.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'put-in-place-'))
  write('dist/index.js', "import './chunks/old.js'")
  write('dist/chunks/old.js', 'old')
  write('aside/index.js', "import './chunks/new.js'")
  write('aside/chunks/new.js', 'new')
})
afterEach(() => rmSync(root, { recursive: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const isThere = (path: string): boolean => existsSync(join(root, path))
const put = (): string[] => putInPlace(join(root, 'aside'), join(root, 'dist'))

describe('putInPlace', () => {
  test('moves everything, says what, and leaves what was there', () => {
    expect(put()).toEqual(['chunks/new.js', 'index.js'])
    expect([read('dist/index.js'), read('dist/chunks/new.js')]).toEqual(["import './chunks/new.js'", 'new'])
    expect(read('dist/chunks/old.js')).toBe('old')
  })

  test('touches no entry point before every chunk is there', () => {
    // A folder by the chunk's name: it cannot be put in place.
    write('dist/chunks/new.js/in-the-way', '')
    write('aside/a-first-entry.js', 'entry')
    expect(put).toThrow()
    expect(read('dist/index.js')).toBe("import './chunks/old.js'")
    expect(isThere('dist/a-first-entry.js')).toBe(false)
  })

  test('makes a folder that was not there', () => {
    rmSync(join(root, 'dist'), { recursive: true })
    put()
    expect(read('dist/chunks/new.js')).toBe('new')
  })
})

describe('removeOthers', () => {
  test('removes what is not kept, and only that', () => {
    write('dist/index.d.ts', 'declared')
    const paths = put()
    removeOthers(join(root, 'dist'), (path) => path.endsWith('.d.ts') || paths.includes(path))
    const there = ['index.js', 'chunks/new.js', 'index.d.ts', 'chunks/old.js']
    expect(there.map((path) => isThere(`dist/${path}`))).toEqual([true, true, true, false])
  })
})
