/** Every starter as a stranger gets it: packed packages, a folder outside the workspace, npm, and what it then does. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { createStarter, signInElsewhere, signUp } from '@tessera-auth/reference-suite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'starters-'))
const root = fileURLToPath(new URL('../../../', import.meta.url))
let tarballs: ReadonlyMap<string, string>

/** The tarball of each package that is published, by its name. */
async function packAll(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await run(process.execPath, ['scripts/pack.ts', join(folder, 'tarballs')], { cwd: root })
  const paths = stdout.split('\n').filter((line) => line.endsWith('.tgz'))
  return new Map(paths.map((path) => [`@tessera-auth/${path.split('/').at(-2)}`, path]))
}

/** Points the manifest at the tarballs: these versions are not published yet. */
function usePacked(file: string): void {
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  for (const name of Object.keys(manifest.dependencies)) {
    const tarball = tarballs.get(name)
    if (tarball !== undefined) manifest.dependencies[name] = `file:${tarball}`
  }
  writeFileSync(file, JSON.stringify(manifest))
}

beforeAll(async () => {
  tarballs = await packAll()
  const create = tarballs.get('@tessera-auth/create') ?? ''
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', join(folder, 'create'), create])
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a starter from the packed packages', () => {
  test.each(['express', 'fastify', 'next'])(
    'for %s installs, passes its type check, starts, and signs people in',
    async (framework) => {
      const app = join(folder, framework)
      const cli = join(folder, 'create/node_modules/@tessera-auth/create/dist/cli.js')
      await run(process.execPath, [cli, app, '--framework', framework])
      usePacked(join(app, 'package.json'))
      usePacked(join(app, 'identity-provider/package.json'))
      await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: app })
      if (framework === 'next') await run('npm', ['run', 'build'], { cwd: app })
      else await run('npm', ['run', 'check'], { cwd: app })
      const starter = createStarter({ program: process.execPath, args: ['src/server.ts'], cwd: app })
      try {
        const running = await starter.start({ IDP_ISSUER: '', IDP_CLIENT_ID: '' })
        const person = await signUp(running)
        const elsewhere = await signInElsewhere(running, person)
        await elsewhere.delete('/sessions')
        expect((await person.browser.get('/me')).status).toBe(401)
        expect((await elsewhere.get('/me')).body).toMatchObject({ user: { id: person.id } })
        expect((await elsewhere.get('/auth/oauth/idp')).status).toBe(303)
        expect(await running.stop()).toBe(0)
      } finally {
        await starter.clear()
      }
    },
    400_000,
  )
})
