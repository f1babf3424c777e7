/** The synchronous HS256 path against jose: `node src/token-differential.ts [tokens]`, 1,000,000 by default. */
import { verifyJws } from '@tessera-auth/core'
import { differ } from '../../packages/core/src/token/fixtures/differential.ts'

const tokens = Number(process.argv[2] ?? 1_000_000)
const { bothAccepted, bothRefused, stricter, laxer, unexplained } = await differ({
  tokens,
  seed: 42,
  verify: verifyJws,
})
console.log(`${tokens} tokens: both accepted ${bothAccepted}, both refused ${bothRefused}`)
console.log('stricter here:', stricter)
console.log(`accepted here only: ${laxer.length}; refused here for no reason on the list: ${unexplained.length}`)
for (const token of [...laxer, ...unexplained].slice(0, 10)) console.log(JSON.stringify(token))
if (laxer.length + unexplained.length > 0) process.exitCode = 1
