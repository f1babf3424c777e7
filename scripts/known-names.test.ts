import { describe, expect, test } from 'vitest'
import { run } from './workspace.ts'

describe('a name that is none is refused, before anything is run, by', () => {
  test.each([
    ['check', 'scripts/check.ts', ['lint', 'nosuch'], /^No such step: nosuch\. There is: lint, format, .+\.\n$/],
    ['check, of an object', 'scripts/check.ts', ['toString'], /^No such step: toString\. /],
    ['build', 'scripts/build.ts', ['cores'], /^No such package: cores\. There is: core, create, .+\.\n$/],
    ['demo', 'scripts/demo.ts', ['--example', 'koa'], /^No such example: koa\. There is: .*express, .+\.\n$/],
    ['runtimes', 'scripts/runtimes.ts', ['node', 'Node'], /^No such runtime: Node\. There is: node, bun, .+\.\n$/],
    ['bench', 'bench/src/run.ts', ['sesions'], /^No such suite: sesions\. There is: sessions, .+\.\n$/],
  ])('%s', async (_command, script, args, said) => {
    const { status, output } = await run('node', [script, ...args])
    expect(output).toMatch(said)
    expect(status).toBe(2)
  })
})
