import { describe, expect, test } from 'vitest'
import { toTry } from './demo.ts'

describe('toTry', () => {
  test('shows commands for an example that has their routes', () => {
    const text = toTry('fastify', 'http://localhost:3000')
    expect(text).toContain('Open http://localhost:3000 in a browser, or try:')
    expect(text.match(/^ {2}curl /gm)).toHaveLength(3)
  })

  test.each(['bridge', 'identity-provider'])('shows none for %s', (example) => {
    const text = toTry(example, 'http://localhost:3000')
    expect(text).toContain('Open http://localhost:3000 in a browser.\n')
    expect(text).not.toContain('curl')
  })
})
