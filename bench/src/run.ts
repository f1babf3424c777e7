/**
 * `npx -y pnpm@12 bench [suite …]`: one table of all measurements, or of the suites named; exits with 1 when a figure misses
 * its target.
 */
import type { Row } from './row.ts'

const suites: Record<string, () => Promise<Row[]>> = {
  sessions: async () => (await import('./sessions.ts')).benchSessions(),
  'store-sql': async () => (await import('./store-sql.ts')).benchStoreSql(),
  token: async () => (await import('./token.ts')).benchToken(),
  cache: async () => (await import('./cache.ts')).benchCache(),
  revocation: async () => (await import('./revocation.ts')).benchRevocation(),
  redis: async () => (await import('./redis.ts')).benchRedis(),
  size: async () => (await import('./size.ts')).benchSize(),
  http: async () => (await import('./http.ts')).benchHttp(),
  password: async () => (await import('./password.ts')).benchPassword(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(suites, name))
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(', ')}. There is: ${Object.keys(suites).join(', ')}.`)
}
process.exitCode = unknown.length > 0 ? 2 : await runAll()

async function runAll(): Promise<number> {
  let missed = 0
  for (const [name, run] of Object.entries(suites)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    for (const { name: what, ratio, target, unit } of await run()) {
      const misses = target !== null && !(ratio <= target)
      if (misses) missed += 1
      const figure = `${ratio.toFixed(2)} ${unit}`.padStart(12)
      const verdict = target === null ? '      ' : misses ? 'MISSED' : 'holds '
      console.log(`${verdict} ${figure}  ${target === null ? '' : `(at most ${target} ${unit})  `}${what}`)
    }
  }
  return missed > 0 ? 1 : 0
}
