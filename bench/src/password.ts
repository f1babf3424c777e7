/** What `@tessera-auth/password` adds to bare @node-rs/argon2, and what waiting hashes cost other requests. */
import { hash as bareHash, verify as bareVerify } from '@node-rs/argon2'
import { createPasswords } from '@tessera-auth/password'
import type { Row } from './row.ts'

const passwords = createPasswords()
const password = 'correct horse battery staple'
const settings = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** All rows of the password package; some eight seconds. */
export async function benchPassword(): Promise<Row[]> {
  const stored = await bareHash(password, settings)
  const hashing = await compare(
    () => passwords.hash(password, ['ann@example.com']),
    () => bareHash(password, settings),
  )
  const verifying = await compare(
    () => passwords.verify({ password, hash: stored }),
    () => bareVerify(stored, password),
  )
  const nobody = await compare(
    () => passwords.verify({ password: 'not the password', hash: null }),
    () => passwords.verify({ password: 'not the password', hash: stored }),
  )
  return [
    { name: 'password hash / bare @node-rs/argon2', ratio: hashing, target: 1.03, unit: 'x' },
    { name: 'password verify / bare @node-rs/argon2', ratio: verifying, target: 1.03, unit: 'x' },
    { name: 'verify for nobody / for a wrong password', ratio: Math.max(nobody, 1 / nobody), target: 1.03, unit: 'x' },
    { name: 'time for 48 hashes at once / without a gate', ratio: await batches(stored), target: 1.11, unit: 'x' },
    { name: 'WebCrypto wait while 50 hashes wait, median', ratio: await webCryptoWait(stored), target: 2, unit: 'ms' },
  ]
}

/** Median of the ratios of neighbours: ours and theirs in turn, so that a busy moment meets both. */
async function compare(ours: () => Promise<unknown>, theirs: () => Promise<unknown>): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < 80; round += 1) {
    const [first, second] = round % 2 === 0 ? [ours, theirs] : [theirs, ours]
    const times = [await time(first), await time(second)] as const
    ratios.push(round % 2 === 0 ? times[0] / times[1] : times[1] / times[0])
  }
  return median(ratios.slice(10))
}

async function batches(stored: string): Promise<number> {
  const all = (one: () => Promise<unknown>) => () => Promise.all(Array.from({ length: 48 }, one))
  const ratios: number[] = []
  for (let round = 0; round < 4; round += 1) {
    const ours = await time(all(() => passwords.verify({ password, hash: stored })))
    ratios.push(ours / (await time(all(() => bareVerify(stored, password)))))
  }
  return median(ratios)
}

/** How long one WebCrypto digest takes while always 50 hashes wait. */
async function webCryptoWait(stored: string): Promise<number> {
  const waits: number[] = []
  let isOver = false
  const keepOneWaiting = async (): Promise<void> => {
    while (!isOver) await passwords.verify({ password, hash: stored })
  }
  const load = Array.from({ length: 53 }, keepOneWaiting)
  while (waits.length < 300) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    waits.push(await time(() => crypto.subtle.digest('SHA-256', new Uint8Array(64))))
  }
  isOver = true
  await Promise.all(load)
  return median(waits)
}

async function time(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}
