/** Verification against jose: `../node_modules/.bin/node src/token-differential.ts [tokens]`; 1,000,000 by default, a twentieth of it for each slow algorithm. */
import { staticKeyRing, verifyJws } from '@tessera-auth/core'
import { type Compared, differ } from '../../packages/core/src/token/fixtures/differential.ts'

const most = Number(process.argv[2] ?? 1_000_000)
const verifierOf = (jwk: JsonWebKey, algorithm: Compared) => {
  const keys = staticKeyRing([{ ...jwk, alg: algorithm } as JsonWebKey])
  return (token: string) => verifyJws(token, keys, { algorithms: [algorithm] })
}

for (const algorithm of ['HS256', 'EdDSA', 'ES256', 'RS256', 'PS256'] as const) {
  const tokens = algorithm === 'HS256' ? most : most / 20
  const { bothAccepted, bothRefused, stricter, laxer, unexplained } = await differ({
    algorithm,
    tokens,
    seed: 42,
    verifierOf,
  })
  console.log(`${algorithm}, ${tokens} tokens: both accepted ${bothAccepted}, both refused ${bothRefused}`)
  console.log('stricter here:', stricter)
  console.log(`accepted here only: ${laxer.length}; refused here for no reason on the list: ${unexplained.length}`)
  for (const token of [...laxer, ...unexplained].slice(0, 10)) console.log(JSON.stringify(token))
  if (laxer.length + unexplained.length > 0) process.exitCode = 1
}
