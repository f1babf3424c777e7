/** What authenticating a request costs over HTTP, against the hand-written check and the packages people would pick. */
import { measure } from './http/measure.ts'
import { buildNextApp } from './http/next-server.ts'
import type { Row } from './row.ts'

/** Many rounds, as a cost of a few microseconds is told from noise of as many only by the median of all. */
const load = { warmUp: 4, rounds: 41, requests: 4000, connections: 64 }
/** What is many times as dear needs no such care. */
const short = { ...load, warmUp: 2, rounds: 7, requests: 3000 }
/** Few callers, as many share their packets to Redis, and then a GET costs next to nothing. */
const waiting = { ...load, warmUp: 3, rounds: 15, requests: 2500, connections: 4 }
/** Next itself takes many times what the others take. */
const slow = { ...load, rounds: 51, requests: 400, connections: 16 }
const slowShort = { ...slow, rounds: 7 }

const rivals = {
  express: [
    'express-session, memory',
    'express-session, connect-redis',
    'iron-session',
    'better-auth, memory',
    'better-auth, cookie cache',
    'express-jwt',
  ],
  fastify: [
    '@fastify/session, memory',
    '@fastify/session, Redis',
    '@fastify/secure-session',
    '@fastify/jwt, with its cache',
  ],
  next: ['Auth.js, JWT cookie', 'iron-session'],
}

const inMemory = [
  'by hand, Map',
  'by hand, fast-jwt with its cache',
  'Tessera, cached over Redis',
  'Tessera, JWT seen before',
]
const overRedis = ['by hand, Redis GET', 'Tessera, Redis']

/** Prints CPU per request over the bare server for everything; the rows are the ratios that have a target. */
export async function benchHttp(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [framework, others] of Object.entries(rivals)) {
    if (framework === 'next') await buildNextApp()
    const [memory, redis, theirs] = framework === 'next' ? [slow, slow, slowShort] : [load, waiting, short]
    const costs = await measure(framework, ['bare', ...inMemory], memory)
    for (const [names, of] of [
      [overRedis, redis],
      [others, theirs],
    ] as const) {
      const more = await measure(framework, ['bare', ...names], of)
      for (const name of names) costs.set(name, more.get(name) ?? Number.NaN)
    }
    for (const [name, cost] of costs) console.log(`       ${cost.toFixed(1).padStart(9)} us  ${framework}: ${name}`)
    rows.push(...rowsOf(framework, costs, others[0] ?? ''))
  }
  return rows
}

function rowsOf(framework: string, costs: ReadonlyMap<string, number>, rival: string): Row[] {
  const cost = (name: string): number => costs.get(name) ?? Number.NaN
  const row = (what: string, ratio: number, target: number): Row => {
    return { name: `${framework}: ${what}`, ratio, target, unit: 'x' }
  }
  const [cached, redis, token] = ['Tessera, cached over Redis', 'Tessera, Redis', 'Tessera, JWT seen before'] as const
  const [map, get] = ['by hand, Map', 'by hand, Redis GET'] as const
  // A request that waits for Redis costs Next less in all than one that waits for nothing: over bare there is no cost to compare.
  const whole = framework === 'next'
  return [
    row('cached / by hand in memory', cost(cached) / cost(map), 1.5),
    whole
      ? row('Redis / by hand GET, the whole request', (cost('bare') + cost(redis)) / (cost('bare') + cost(get)), 1.25)
      : row('Redis / by hand GET', cost(redis) / cost(get), 1.25),
    row('JWT / by hand with fast-jwt', cost(token) / cost('by hand, fast-jwt with its cache'), 1.5),
    row(`cached / ${rival}`, cost(cached) / cost(rival), 0.25),
  ]
}
