/**
 * One of the server processes of revocation.ts. It verifies sessions and access tokens all the time, as a server under load
 * does, and tells for each revoked one when it let it in for the last time.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { cachedStore, createSessions, createTokenVerifier, staticKeyRing } from '@tessera-auth/core'
import { redisBus, redisStore } from '@tessera-auth/store-redis'
import { Redis } from 'ioredis'
import { audience, issuer } from './revocation-credentials.ts'

/** What the parent sends: all credentials at first, then each one that was revoked. */
export type Order = { readonly credentials: readonly string[] } | { readonly revoked: string }

/** What this process sends: that all credentials were let in, or how it ended with one. */
export type Report = { readonly ready: true } | { readonly refused: string; readonly lastAcceptedAt: number }

const [recordsUrl = '', busUrl = '', name = '', maxStalenessSeconds, key = ''] = process.argv.slice(2)
const batch = 64

const busClient = new Redis(busUrl)
busClient.on('error', () => {})
const store = cachedStore(redisStore(new Redis(recordsUrl, { enableAutoPipelining: true }), { prefix: name }), {
  bus: redisBus(busClient, { channel: name }),
  maxStalenessSeconds: Number(maxStalenessSeconds),
})
const sessions = createSessions({ store })
const keys = staticKeyRing([JSON.parse(key) as JsonWebKey])
const verifier = createTokenVerifier({ store, keys, issuer, audience })
const lastAcceptedAt = new Map<string, number>()
const refused = new Set<string>()
const watched = new Set<string>()
let credentials: readonly string[] = []
let next = 0

process.on('message', (order: Order) => {
  if ('credentials' in order) credentials = order.credentials
  else if (!refused.has(order.revoked)) watched.add(order.revoked)
})
await serve()

async function serve(): Promise<never> {
  let wasReady = false
  for (;;) {
    // Not all of the machine: the load of a busy server, on two cores for all of them.
    await pause(2)
    for (const credential of watched) await look(credential)
    for (let done = 0; done < batch && credentials.length > 0; done += 1)
      await look(credentials[(next += 1) % credentials.length] ?? '')
    if (!wasReady && credentials.length > 0 && lastAcceptedAt.size === credentials.length) {
      wasReady = true
      report({ ready: true })
    }
  }
}

async function look(credential: string): Promise<void> {
  if (refused.has(credential)) return
  const isAccessToken = credential.split('.').length === 3
  // 'unknown': the store did not answer, which is neither.
  const found = await (isAccessToken ? verifier.verify(credential) : sessions.verify(credential)).catch(() => 'unknown')
  if (found === 'unknown') return
  if (found) lastAcceptedAt.set(credential, Date.now())
  else if (lastAcceptedAt.has(credential)) {
    refused.add(credential)
    watched.delete(credential)
    report({ refused: credential, lastAcceptedAt: lastAcceptedAt.get(credential) ?? 0 })
  }
}

function report(message: Report): void {
  process.send?.(message)
}
