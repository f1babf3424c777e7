import { globSync, readFileSync } from 'node:fs'
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

describe('the release workflow', () => {
  const text = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')
  const jobs = text.split(/^ {2}(?=\w+:$)/m).slice(1)
  const job = (name: string): string => jobs.find((one) => one.startsWith(`${name}:`)) ?? ''
  const permissions = (one: string): string[] => {
    const [, listed = ''] = /^ {4}permissions:\n((?: {6}.+\n)+)/m.exec(one) ?? []
    return [...listed.matchAll(/^ {6}([\w-]+: \w+)/gm)].map(([, permission = '']) => permission)
  }

  test('publishes what has passed every test, in the job that packs it', () => {
    const commands = [...job('pack').matchAll(/- run: (.+)/g)].map(([, command = '']) => command)
    const [tests, packing] = ['bash .ci/run', 'scripts/pack.ts'].map((part) =>
      commands.findIndex((command) => command.includes(part)),
    )
    expect(tests).toBeGreaterThanOrEqual(0)
    expect(packing).toBeGreaterThan(tests ?? 0)
    expect(job('pack')).not.toContain('continue-on-error')
    expect(job('publish')).toContain('needs: pack\n')
  })

  test('is all that publishes: no script of a manifest does, which would skip the tests', () => {
    expect(jobs.filter((one) => /^ *npm publish /m.test(one))).toStrictEqual([job('publish')])
    for (const path of globSync(['package.json', '{packages,examples}/*/package.json', 'bench/package.json'], {
      cwd: root,
    })) {
      const { scripts = {} } = JSON.parse(readFileSync(join(root, path), 'utf8'))
      expect([path, JSON.stringify(scripts)]).toStrictEqual([path, expect.not.stringMatching(/\bpublish\b/)])
    }
  })

  test('runs what others wrote without a credential', () => {
    const installing = jobs.filter((one) => one.includes('pnpm@12 install'))
    expect(installing).toStrictEqual([job('version'), job('pack')])
    for (const one of installing) {
      expect(permissions(one)).toStrictEqual(['contents: read'])
      expect(one).toContain('persist-credentials: false')
      expect(one).not.toContain('github.token')
    }
  })

  test('tags the commit that was published, in a job that cannot publish', () => {
    expect(job('tag')).toContain('needs: publish\n')
    expect(job('tag')).toContain(`if: needs.publish.outputs.version != ''\n`)
    expect(job('tag')).toContain('gh release create "$TAG" --target "$GITHUB_SHA"')
    expect(permissions(job('tag'))).toStrictEqual(['contents: write'])
    expect(permissions(job('publish'))).toStrictEqual(['id-token: write'])
  })

  test('has ci run on its pull request, which its own token does not start', () => {
    expect(job('propose')).toContain('gh workflow run ci.yml --ref release/next\n')
    expect(permissions(job('propose'))).toContain('actions: write')
    expect(readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8')).toMatch(/^ {2}workflow_dispatch:$/m)
  })
})
