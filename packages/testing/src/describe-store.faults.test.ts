import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly ancestorTitles: readonly string[]; readonly status: string }[]
  }[]
}

test('describeStore refuses every store that is wrong in one way', { timeout: 120_000 }, async () => {
  const failures = await failuresByStore()
  expect(failures.size).toBe(25)
  expect([...failures].filter(([, failed]) => failed === 0)).toEqual([])
})

/** How many tests of the contract failed, by the name of the store. */
async function failuresByStore(): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-contract-'))
  const file = join(folder, 'report.json')
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const root = fileURLToPath(new URL('..', import.meta.url))
  const args = ['run', '--config', 'src/fixtures/broken-stores.config.ts', '--reporter=json', `--outputFile=${file}`]
  await new Promise((resolve) => execFile(process.execPath, [vitest, ...args], { cwd: root }, resolve))
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  rmSync(folder, { recursive: true })
  const failures = new Map<string, number>()
  for (const { ancestorTitles, status } of report.testResults.flatMap((one) => one.assertionResults)) {
    const [store = ''] = ancestorTitles
    failures.set(store, (failures.get(store) ?? 0) + (status === 'failed' ? 1 : 0))
  }
  return failures
}
