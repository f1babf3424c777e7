/** What authenticating a request costs over HTTP, against the hand-written check and the packages people would pick. */
import { measure } from './http/measure.ts'
import type { Row } from './row.ts'

const load = { warmUp: 5, rounds: 15, requests: 3000, connections: 16 }

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
}

const ours = ['Tessera, cached over Redis', 'Tessera, Redis', 'Tessera, JWT seen before']

/** Prints CPU per request over the bare server for everything; the rows are the ratios that have a target. */
export async function benchHttp(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [framework, others] of Object.entries(rivals)) {
    const names = ['bare', 'by hand, Map', 'by hand, Redis GET', ...ours, ...others]
    const costs = await measure(framework, names, load)
    for (const [name, cost] of costs) console.log(`       ${cost.toFixed(1).padStart(9)} us  ${framework}: ${name}`)
    const ratio = (name: string, to: string): number => (costs.get(name) ?? 0) / (costs.get(to) ?? 1)
    const cached = 'Tessera, cached over Redis'
    rows.push(
      {
        name: `${framework}: cached / by hand in memory`,
        ratio: ratio(cached, 'by hand, Map'),
        target: 1.5,
        unit: 'x',
      },
      {
        name: `${framework}: Redis / by hand GET`,
        ratio: ratio('Tessera, Redis', 'by hand, Redis GET'),
        target: 1.25,
        unit: 'x',
      },
      {
        name: `${framework}: JWT / by hand in memory`,
        ratio: ratio('Tessera, JWT seen before', 'by hand, Map'),
        target: 1.5,
        unit: 'x',
      },
      { name: `${framework}: cached / ${others[0]}`, ratio: ratio(cached, others[0] ?? ''), target: 0.25, unit: 'x' },
    )
  }
  return rows
}
