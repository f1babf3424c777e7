/** What importing the session part costs: time over bare Node, and bytes on the wire. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { median } from './paired.ts'
import type { Row } from './row.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const sessionPart = `import { createSessions } from '@tessera-auth/core/session'\nimport { createAuthenticator } from '@tessera-auth/core/http'\n`

/** Import time in ms over bare Node, and gzipped kB of sessions and authenticator bundled. */
export async function benchSize(): Promise<Row[]> {
  return [
    {
      name: 'import of the session part over bare Node',
      ratio: importCost('@tessera-auth/core/session'),
      target: 8,
      unit: 'ms',
    },
    {
      name: 'sessions, gzip',
      ratio: await bundled(`export { createSessions } from '@tessera-auth/core/session'`),
      target: 5,
      unit: 'kB',
    },
    {
      name: 'sessions and authenticator, gzip',
      ratio: await bundled(`${sessionPart}export { createSessions, createAuthenticator }`),
      target: 9,
      unit: 'kB',
    },
  ]
}

/** CPU time of the import in a process of its own that has loaded node:crypto, as every server has; ms, the median of 21. */
function importCost(specifier: string): number {
  const source = `import 'node:crypto'
    const before = process.cpuUsage()
    await import('${specifier}')
    const { user, system } = process.cpuUsage(before)
    console.log(user + system)`
  const run = (): number =>
    Number(
      spawnSync(process.execPath, ['--input-type=module', '--eval', source], { cwd: here, encoding: 'utf8' }).stdout,
    )
  return median(Array.from({ length: 21 }, run)) / 1000
}

async function bundled(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: here },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import', 'node'],
    // What is published, not the sources that our own tsconfig points to.
    tsconfigRaw: {},
    logLevel: 'error',
    write: false,
  })
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).length / 1000
}
