import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../workspace.ts'
import { groupProblems, unevenVersions } from './release.ts'

describe('the group of packages that get a version together', () => {
  test('is all that are published', () => {
    expect(groupProblems([['@x/a', '@x/b']], ['@x/b', '@x/a'])).toStrictEqual([])
  })

  test('is not a pattern', () => {
    expect(groupProblems([['@x/*']], ['@x/a'])).toStrictEqual([
      '.changeset/config.json: @x/a is published, but not in fixed',
      '.changeset/config.json: @x/* is in fixed, but not published',
    ])
  })

  test('is one', () => {
    expect(groupProblems([['@x/a'], ['@x/b']], ['@x/a', '@x/b'])).toHaveLength(1)
    expect(groupProblems([], ['@x/a'])).toHaveLength(2)
  })
})

describe('the versions of a release', () => {
  const before = new Map([
    ['@x/a', '1.0.0'],
    ['@x/b', '1.0.0'],
    ['@x/private', undefined],
  ])
  const problems = (a: string, b: string, own?: string): string[] =>
    unevenVersions(['@x/a', '@x/b'], before, new Map([...before, ['@x/a', a], ['@x/b', b], ['@x/private', own]]))

  test('are one', () => {
    expect(problems('1.0.1', '1.0.1')).toStrictEqual([])
  })

  test('leave nobody behind', () => {
    expect(problems('1.0.1', '1.0.0')).toStrictEqual(['@x/b would stay 1.0.0'])
    expect(problems('1.1.0', '1.0.1')).toStrictEqual(['@x/b would become 1.0.1, and @x/a 1.1.0'])
  })

  test('are none of private packages', () => {
    expect(problems('1.0.1', '1.0.1', '0.0.1')).toStrictEqual(['@x/private is private, and would become 0.0.1'])
  })
})

test('what is published has passed every test, in the job that packs it', () => {
  const jobs = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8').split(/^  (?=\w+:$)/m)
  const [pack = '', publish = ''] = ['pack:', 'publish:'].map((name) => jobs.find((job) => job.startsWith(name)))
  const commands = [...pack.matchAll(/- run: (.+)/g)].map(([, command = '']) => command)
  const [tests, packing] = ['bash .ci/run', 'scripts/pack.ts'].map((part) =>
    commands.findIndex((command) => command.includes(part)),
  )
  expect(tests).toBeGreaterThanOrEqual(0)
  expect(packing).toBeGreaterThan(tests ?? 0)
  expect(pack).not.toContain('continue-on-error')
  expect(publish).toContain('needs: pack\n')
})
