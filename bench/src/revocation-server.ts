/**
 * One of the server processes of revocation.ts. It verifies tokens all the time, as a server under load does, and tells
 * for each revoked one when it let it in for the last time.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { cachedStore, createSessions } from '@tessera-auth/core'
import { redisBus, redisStore } from '@tessera-auth/store-redis'
import { Redis } from 'ioredis'

/** What the parent sends: all tokens at first, then each one that was revoked. */
export type Order = { readonly tokens: readonly string[] } | { readonly revoked: string }

/** What this process sends: that all tokens were let in, or how it ended with one. */
export type Report = { readonly ready: true } | { readonly refused: string; readonly lastAcceptedAt: number }

const [recordsUrl = '', busUrl = '', name = '', maxStalenessSeconds] = process.argv.slice(2)
const batch = 64

const busClient = new Redis(busUrl)
busClient.on('error', () => {})
const store = cachedStore(redisStore(new Redis(recordsUrl, { enableAutoPipelining: true }), { prefix: name }), {
  bus: redisBus(busClient, { channel: name }),
  maxStalenessSeconds: Number(maxStalenessSeconds),
})
const sessions = createSessions({ store })
const lastAcceptedAt = new Map<string, number>()
const refused = new Set<string>()
const watched = new Set<string>()
let tokens: readonly string[] = []
let next = 0

process.on('message', (order: Order) => {
  if ('tokens' in order) tokens = order.tokens
  else watched.add(order.revoked)
})
await serve()

async function serve(): Promise<never> {
  let wasReady = false
  for (;;) {
    // Not all of the machine: the load of a busy server, on two cores for all of them.
    await pause(2)
    for (const token of watched) await look(token)
    for (let done = 0; done < batch && tokens.length > 0; done += 1)
      await look(tokens[(next += 1) % tokens.length] ?? '')
    if (!wasReady && tokens.length > 0 && lastAcceptedAt.size === tokens.length) {
      wasReady = true
      report({ ready: true })
    }
  }
}

async function look(token: string): Promise<void> {
  if (refused.has(token)) return
  if (await sessions.verify(token).catch(() => null)) lastAcceptedAt.set(token, Date.now())
  else if (lastAcceptedAt.has(token)) {
    refused.add(token)
    watched.delete(token)
    report({ refused: token, lastAcceptedAt: lastAcceptedAt.get(token) ?? 0 })
  }
}

function report(message: Report): void {
  process.send?.(message)
}
