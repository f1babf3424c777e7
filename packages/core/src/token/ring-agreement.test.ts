import { describe, expect, test } from 'vitest'
import { cachedStore } from '../store/cached-store.js'
import type { Store } from '../store/store.js'
import { headerOf, kidOf, processes, type RingProcess, states } from './fixtures/ring-processes.js'

async function newToken({ tokens }: RingProcess): Promise<string> {
  return (await tokens.issue({ clientId: 'c' })).access_token
}

async function storedKeys(store: Store): Promise<{ state: string; sealed: string | null }[]> {
  return JSON.parse((await store.get('key-ring', 'ring'))?.value ?? '').keys
}

/** A token by the first key, and the second key signing. */
async function afterRotation(world: ReturnType<typeof processes>) {
  const first = world.start()
  await first.keys.rotate()
  world.platform.advance(110)
  await first.keys.jwks()
  const token = await newToken(first)
  world.platform.advance(6)
  expect(await states(first.keys)).toEqual(['verifying', 'signing'])
  return { first, token }
}

describe('a rotation', () => {
  test.each(['ES256', 'HS256'] as const)(
    'leaves tokens by the earlier key good in a process that starts after it (%s)',
    async (algorithm) => {
      const world = processes({ algorithm })
      const { token } = await afterRotation(world)
      const late = world.start()
      expect(await late.verifier.verify(token)).toMatchObject({ sub: 'c' })
      expect(await late.verifier.verify(await newToken(late))).toMatchObject({ sub: 'c' })
    },
  )

  test('wipes the private half of the key that signs no more, once its public half is enough', async () => {
    const world = processes()
    await afterRotation(world)
    expect(await storedKeys(world.store)).toMatchObject([
      { state: 'verifying', sealed: null },
      { state: 'signing', sealed: expect.any(String) },
    ])
  })

  test('keeps a secret for as long as it verifies, and wipes it then', async () => {
    const world = processes({ algorithm: 'HS256' })
    const { first } = await afterRotation(world)
    expect(await storedKeys(world.store)).toMatchObject([{ sealed: expect.any(String) }, {}])
    world.platform.advance(316)
    expect(await states(first.keys)).toEqual(['retired', 'signing'])
    expect(await storedKeys(world.store)).toMatchObject([{ sealed: null }, { sealed: expect.any(String) }])
  })
})

describe('after a compromise', () => {
  test('other processes take tokens by the key that was made then at once', async () => {
    const { start } = processes()
    const [here, there] = [start(), start()]
    const token = await newToken(here)
    expect(await there.verifier.verify(token)).not.toBe(null)
    await here.keys.compromised(String(kidOf(token)))
    expect(await there.verifier.verify(await newToken(here))).not.toBe(null)
  })

  test('a key that is published signs at once', async () => {
    const { start } = processes()
    const ring = start()
    const kid = String(kidOf(await newToken(ring)))
    await ring.keys.rotate()
    const next = (await ring.keys.explain())[1]?.kid
    await ring.keys.compromised(kid)
    expect(await states(ring.keys)).toEqual(['compromised', 'signing'])
    expect(kidOf(await newToken(ring))).toBe(next)
  })

  test('a process whose store has a cache reads the ring past it', async () => {
    const { start } = processes({}, (store, platform) => cachedStore(store, { platform, maxStalenessSeconds: 60 }))
    const [here, there] = [start(), start()]
    const token = await newToken(here)
    expect(await there.verifier.verify(token)).not.toBe(null)
    await there.keys.compromised(String(kidOf(token)))
    expect(await states(here.keys)).toEqual(['compromised', 'signing'])
  })

  test('the latest five keys that ended are kept for explain(), and no more', async () => {
    const { start } = processes()
    const ring = start()
    const kids: string[] = []
    for (let round = 0; round < 7; round += 1) {
      kids.push(String(kidOf(await newToken(ring))))
      await ring.keys.compromised(kids[round] ?? '')
    }
    const explained = await ring.keys.explain()
    expect(explained.slice(0, -1).map(({ kid }) => kid)).toEqual(kids.slice(-5))
    expect(explained.at(-1)).toMatchObject({ state: 'signing' })
  })
})

test('a token that names no key is refused', async () => {
  const ring = processes().start()
  const [header = '', ...rest] = (await newToken(ring)).split('.')
  const { kid: _kid, ...unnamed } = headerOf(header)
  const encoded = Buffer.from(JSON.stringify(unnamed)).toString('base64url')
  expect(await ring.verifier.verify([encoded, ...rest].join('.'))).toBe(null)
})

test('every change of a key is told once, by the process that made it, with the key’s name', async () => {
  const { start, platform, events } = processes()
  const [here, there] = [start(), start()]
  await here.keys.rotate()
  for (const seconds of [116, 316]) {
    platform.advance(seconds)
    for (const { keys } of [here, there]) await keys.explain()
  }
  await there.keys.compromised((await here.keys.explain())[1]?.kid ?? '')
  const kids = (await here.keys.explain()).map(({ kid }) => kid)
  const told = events.filter(({ type }) => type.startsWith('key.'))
  expect(told.map(({ type, reason }) => [type, kids.indexOf(reason ?? '')])).toEqual([
    ['key.signing', 0],
    ['key.published', 1],
    ['key.signing', 1],
    ['key.retired', 0],
    ['key.compromised', 1],
    ['key.signing', 2],
  ])
})
