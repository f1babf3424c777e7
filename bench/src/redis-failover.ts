/**
 * What a Cluster that loses a master forgets although it was acknowledged. Run by hand: `../node_modules/.bin/node src/redis-failover.ts`.
 * Not a row of the table, as what is lost is a matter of milliseconds and luck.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { cachedStore, type Entry, type Store } from '@tessera-auth/core'
import { askRedis, type RedisCluster, startRedisCluster } from '@tessera-auth/engines'
import { redisStore } from '@tessera-auth/store-redis'
import { Cluster } from 'ioredis'

const rounds = 3
const records = 4_000
const writers = 16

/** What happened to the writes of one round. */
interface Outcome {
  readonly acknowledged: number
  /** Acknowledged removals whose record is there again, by the milliseconds from acknowledgement to the kill. */
  readonly undone: readonly number[]
  /** From the kill until no call fails any more. */
  readonly blindMilliseconds: number
}

for (const scenario of ['healthy replicas', 'replica cut off for 3 s', 'the same, min-replicas-to-write 1'] as const) {
  const outcomes: Outcome[] = []
  for (let round = 0; round < rounds; round += 1) outcomes.push(await measure(scenario))
  const undone = outcomes.flatMap((outcome) => outcome.undone)
  const acknowledged = outcomes.reduce((sum, outcome) => sum + outcome.acknowledged, 0)
  const blind = outcomes.map((outcome) => Math.round(outcome.blindMilliseconds)).toSorted((one, other) => one - other)
  const oldest = undone.length > 0 ? `, the oldest acknowledged ${Math.max(...undone)} ms before the kill` : ''
  console.log(`${scenario}: ${undone.length} of ${acknowledged} acknowledged revocations undone${oldest}`)
  console.log(`  StoreError for ${blind[0]} to ${blind.at(-1)} ms after the kill, over ${rounds} rounds`)
}

type Scenario = 'healthy replicas' | 'replica cut off for 3 s' | 'the same, min-replicas-to-write 1'

async function measure(scenario: Scenario): Promise<Outcome> {
  const cluster = await startRedisCluster()
  const client = new Cluster(cluster.servers.map(({ port }) => ({ host: '127.0.0.1', port })))
  client.on('error', () => {})
  const patient = redisStore(client)
  const store = cachedStore(patient, { storeTimeoutSeconds: 1 })
  if (scenario.startsWith('the same')) await refuseWithoutReplica(client)
  const keys = Array.from({ length: records }, () => randomUUID())
  await Promise.all(keys.map((key) => patient.insert(entryOf(key))))
  await pause(500)
  const removedAt = new Map<string, number>()
  const removing = removeAll(store, keys, removedAt)
  const killedAt = await killMaster(cluster, scenario)
  const blindMilliseconds = await untilWell(store, keys)
  await removing
  const undone: number[] = []
  for (const [key, at] of removedAt) {
    if (at <= killedAt && (await patient.get('session', key))) undone.push(killedAt - at)
  }
  client.disconnect()
  await cluster.stop()
  return { acknowledged: removedAt.size, undone, blindMilliseconds }
}

/** Each writer revokes one session after the other, some 16 in 20 ms, and goes on when one fails. */
async function removeAll(store: Store, keys: readonly string[], removedAt: Map<string, number>): Promise<void> {
  let next = 0
  const write = async (): Promise<void> => {
    for (let key = keys[next++]; key !== undefined; key = keys[next++]) {
      const removed = await store.remove('session', key).catch(() => null)
      if (removed !== null) removedAt.set(key, Date.now())
      await pause(20)
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
}

async function killMaster({ servers }: RedisCluster, scenario: Scenario): Promise<number> {
  const [master, , , replica] = servers
  await pause(500 + Math.random() * 200)
  if (scenario !== 'healthy replicas') {
    replica?.freeze()
    // What is on its way is lost with the connection, as when the network between the two is cut.
    if (master) await askRedis({ host: '127.0.0.1', port: master.port }, 'CLIENT KILL TYPE replica')
    await pause(3_000)
  }
  await master?.kill()
  const killedAt = Date.now()
  replica?.thaw()
  return killedAt
}

/** Until every key of the dead master can be read again. */
async function untilWell(store: Store, keys: readonly string[]): Promise<number> {
  const start = performance.now()
  let lastFailure = start
  while (performance.now() - lastFailure < 1_500 && performance.now() - start < 30_000) {
    const outcomes = await Promise.allSettled(
      keys.slice(0, 60).map((key) => store.get('session', key, { fresh: true })),
    )
    if (outcomes.some(({ status }) => status === 'rejected')) lastFailure = performance.now()
    await pause(20)
  }
  return lastFailure - start
}

async function refuseWithoutReplica(client: Cluster): Promise<void> {
  await pause(200)
  for (const node of client.nodes('master')) {
    await node.config('SET', 'min-replicas-to-write', '1')
    await node.config('SET', 'min-replicas-max-lag', '2')
  }
  await pause(2_000)
}

function entryOf(key: string): Entry {
  return { kind: 'session', key, owner: null, value: '1', version: 'v1', expiresAt: null }
}
