import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** Files that know no framework: each example has its own copy, as a starter is one folder, and all are the same. */
const everywhere = [
  'accounts',
  'attempts',
  'body',
  'cart',
  'client-errors',
  'config',
  'database',
  'gate',
  'path-spelling',
  'services',
  'session-body',
  'stop-on-signal',
  'stores',
  'users',
]
const pages = ['html', 'page', 'provider', 'secrets', 'style']

function read(example: string, name: string): string {
  return readFileSync(new URL(`../../${example}/src/${name}.ts`, import.meta.url), 'utf8')
}

describe('a file that knows no framework', () => {
  test.each(everywhere)('%s.ts is the same in all examples', (name) => {
    const [express, fastify, next] = ['express', 'fastify', 'next'].map((example) => read(example, name))
    expect(fastify).toBe(express)
    expect(next).toBe(express)
  })

  test.each(pages)('%s.ts is the same where pages are HTML', (name) => {
    expect(read('fastify', name)).toBe(read('express', name))
  })

  test('app-error.ts is the same where it is no more than the errors', () => {
    expect(read('next', 'app-error')).toBe(read('fastify', 'app-error'))
  })

  test('the style sheet of Next is the one of the others', () => {
    const css = readFileSync(new URL('../../next/src/app/style.css', import.meta.url), 'utf8')
    // The formatter writes CSS files its own way; what they say is the same.
    const said = (text: string): string =>
      text
        .replaceAll(/[\s;'"]|(?<![\d.])0(?=\.)/g, '')
        .replaceAll('::', ':')
        .toLowerCase()
    expect(said(read('express', 'style'))).toContain(said(css))
  })

  test('the sentences for errors are the ones of the others', () => {
    const sentences = (text: string): string[] => text.match(/'[A-Z][^'\n]+[.?]'/g) ?? []
    const known = sentences(read('express', 'page'))
    expect(sentences(read('next', 'messages')).filter((sentence) => !known.includes(sentence))).toEqual([])
  })
})
