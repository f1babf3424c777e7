/** Which code a page has, and where it stands. */
import { describe, expect, it } from 'vitest'
import { snippetsOf } from './docs-code.ts'

const page = [
  '# Page',
  '```ts',
  'const a = 1',
  '```',
  '',
  '```sh',
  'npm install',
  '```',
  '```tsx',
  '// app/page.tsx',
  'b()',
  '```',
  '',
]

describe('snippetsOf', () => {
  it('takes every TypeScript block, and no other', () => {
    expect(snippetsOf(page.join('\n')).map(({ name }) => name)).toEqual(['block-1.ts', 'app/page.tsx'])
  })

  it('makes a module of each block', () => {
    expect(snippetsOf(page.join('\n'))[0]?.code).toBe('const a = 1\nexport {}\n')
  })

  it('says on which line of the page a block begins', () => {
    expect(snippetsOf(page.join('\n')).map(({ line }) => line)).toEqual([3, 10])
  })

  it('tells blocks with the same text apart', () => {
    expect(snippetsOf('```ts\na()\n```\n\n```ts\na()\n```\n').map(({ line }) => line)).toEqual([2, 6])
  })

  it('finds what Next names from the root of the app', () => {
    const [snippet] = snippetsOf(`\`\`\`ts\n// app/a/route.ts\nimport { route } from '@/auth'\n\`\`\`\n`)
    expect(snippet?.code).toContain(`from '../../auth.js'`)
  })
})
