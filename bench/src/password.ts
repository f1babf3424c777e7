/** What `@tessera-auth/password` adds to bare @node-rs/argon2, and what waiting hashes cost other requests. */
import { hash as bareHash, verify as bareVerify } from '@node-rs/argon2'
import { createPasswords } from '@tessera-auth/password'
import { median, pairedRatio } from './paired.ts'
import type { Row } from './row.ts'

const passwords = createPasswords()
const password = 'correct horse battery staple'
const wrong = 'another horse, another battery'
const context = ['ann@example.com']
const settings = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const single = { runs: 1, turns: 151 }
const batch = 48

/** All rows of the password package; some twenty seconds. */
export async function benchPassword(): Promise<Row[]> {
  const stored = await bareHash(password, settings)
  const bareCheck = (): Promise<boolean> => bareVerify(stored, password)
  const ourCheck = (): Promise<unknown> => passwords.verify({ password, hash: stored })
  const hashing = await pairedRatio(
    () => passwords.hash(password, context),
    () => bareHash(password, settings),
    single,
  )
  const nobody = await pairedRatio(
    () => passwords.verify({ password: wrong, hash: null }),
    () => passwords.verify({ password: wrong, hash: stored }),
    single,
  )
  const checking = await pairedRatio(ourCheck, bareCheck, single)
  const batches = await pairedRatio(manyOf(ourCheck), manyOf(bareCheck), { runs: 1, turns: 9 })
  return [
    { name: 'password hash / bare @node-rs/argon2', ratio: hashing, target: 1.03, unit: 'x' },
    { name: 'password verify / bare @node-rs/argon2', ratio: checking, target: 1.03, unit: 'x' },
    { name: 'verify for nobody / for a wrong password', ratio: Math.max(nobody, 1 / nobody), target: 1.05, unit: 'x' },
    { name: `${batch} password checks at once / without a bound`, ratio: batches, target: 1.11, unit: 'x' },
    {
      name: 'WebCrypto wait while 50 hashes wait, median',
      ratio: await webCryptoWait(ourCheck),
      target: 2,
      unit: 'ms',
    },
  ]
}

function manyOf(task: () => Promise<unknown>): () => Promise<unknown> {
  return () => Promise.all(Array.from({ length: batch }, task))
}

/** How long one WebCrypto digest takes while always some 50 checks wait, in milliseconds. */
async function webCryptoWait(check: () => Promise<unknown>): Promise<number> {
  const waits: number[] = []
  let isOver = false
  const load = Array.from({ length: 54 }, async () => {
    while (!isOver) await check()
  })
  while (waits.length < 300) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    const start = performance.now()
    await crypto.subtle.digest('SHA-256', new Uint8Array(64))
    waits.push(performance.now() - start)
  }
  isOver = true
  await Promise.all(load)
  return median(waits)
}
