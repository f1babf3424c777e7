import { describe, expect, test } from 'vitest'
import { manifestProblems } from './packed-packages.ts'

describe('the manifest of a packed package', () => {
  const home = 'https://github.com/tessera-auth/tessera'
  const good = {
    description: 'Cookies.',
    keywords: ['a', 'b', 'c', 'd', 'e'],
    homepage: `${home}/tree/main/packages/core#readme`,
    bugs: `${home}/issues`,
  }

  test('says how it is found, where its documentation is, and where problems go', () => {
    expect(manifestProblems('core', good)).toStrictEqual([])
    expect(manifestProblems('core', {})).toHaveLength(4)
  })

  test('names at least five different keywords', () => {
    expect(manifestProblems('core', { ...good, keywords: ['a', 'a', 'b', 'c', 'd'] })).toStrictEqual([
      'keywords has 4 words, fewer than 5',
    ])
  })

  test('has the homepage of its own folder', () => {
    expect(manifestProblems('create', good)).toStrictEqual(['homepage is not the README on GitHub'])
  })
})
