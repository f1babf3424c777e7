/** What Node loads of the built package: `pnpm build` comes first. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

/** Notes what is loaded while the entry point is; prints one URL each. */
const noting = `import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    console.log(url)
    return next(url, context)
  },
})
await import(process.env.ENTRY)`

function filesOf(entry: string): string[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', noting], {
    cwd: import.meta.dirname,
    env: { ...process.env, ENTRY: `@tessera-auth/core/${entry}` },
    encoding: 'utf8',
  })
  expect([status, stderr]).toStrictEqual([0, ''])
  return stdout.split('\n').filter((url) => url.startsWith('file:'))
}

describe('what Node loads', () => {
  test.for(['session', 'http', 'store'])('of /%s is our own files, and no dependency', (entry) => {
    const files = filesOf(entry)
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((url) => !url.includes('/packages/core/dist/'))).toStrictEqual([])
  })

  test('of /session is two files', () => {
    expect(filesOf('session')).toHaveLength(2)
  })

  test('of /token and /oauth has jose and oauth4webapi, but no digests that Node has itself', () => {
    const files = [...filesOf('token'), ...filesOf('oauth')].join('\n')
    expect(files).toContain('/jose/')
    expect(files).toContain('/oauth4webapi/')
    expect(files).not.toContain('noble')
  })
})
