import { describe, expect, it } from 'vitest'
import { brokenPackages } from './broken-packages.ts'
import { run } from './workspace.ts'

const all = ['core', 'password', 'testing'].map((name) => ({ name }))
const broken = (status: number, output: string): string[] =>
  brokenPackages({ status, output }, all).map(({ name }) => name)

const inCore = "packages/core/src/index.ts(1,14): error TS2322: Type 'string' is not assignable to type 'number'.\n"
const inBase = "tsconfig.base.json(4,5): error TS5023: Unknown compiler option 'nonsense'.\n"

describe('the packages that a failed build of declarations leaves without', () => {
  it('are none after a success, whatever was said', () => {
    expect(broken(0, inCore)).toEqual([])
  })

  it('are those that the errors name', () => {
    expect(broken(2, inCore)).toEqual(['core'])
    expect(broken(2, `${inCore}  packages/password/src/index.ts: was also declared here.\n`)).toEqual([
      'core',
      'password',
    ])
  })

  it.each([
    ['names no package', 1, inBase],
    ['is of no package, beside one that is', 2, inCore + inBase],
    ['was not even said', 1, ''],
  ])('are all where an error %s', (_, status, output) => {
    expect(broken(status, output)).toEqual(['core', 'password', 'testing'])
  })

  it('are all where the compiler was killed', async () => {
    const code = `process.stdout.write(${JSON.stringify(inCore)}, () => process.kill(process.pid, 'SIGKILL'))`
    const outcome = await run('node', ['--eval', code])
    expect(outcome).toEqual({ status: 137, output: inCore })
    expect(brokenPackages(outcome, all)).toEqual(all)
  })
})
