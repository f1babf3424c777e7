/** Keys that rotate every three seconds under load: `../node_modules/.bin/node src/token-rotation.ts [seconds]` prints what was refused. Default 120. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTokenVerifier } from '@tessera-auth/core'

const seconds = Number(process.argv[2] ?? 120)
const issuer = 'https://app.example'
const audience = 'https://api.example'
const folder = mkdtempSync(join(tmpdir(), 'rotation-'))
const waiting = new Map<number, (answer: { token?: string; isGood?: boolean }) => void>()
let nextId = 0

const children: ChildProcess[] = []
const ports: number[] = []
for (let at = 0; at < 3; at += 1) {
  const child = fork(new URL('./token-rotation-process.ts', import.meta.url), [join(folder, 'auth.db'), issuer])
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  child.on('message', (answer: { id: number; token?: string; isGood?: boolean }) => {
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  children.push(child)
  ports.push(port)
}

const remotes = ports.map((port) =>
  createTokenVerifier({ issuer, audience, jwksUri: `http://127.0.0.1:${port}/keys`, leewaySeconds: 1 }),
)
const end = performance.now() + seconds * 1000
const kids = new Set<string>()
let verified = 0
let refused = 0
await Promise.all(Array.from({ length: 12 }, (_, worker) => load(worker)))
console.log(`${verified} verifications, ${refused} refused, ${kids.size} keys in ${seconds} s`)
for (const child of children) child.kill()
rmSync(folder, { recursive: true })
if (refused > 0) process.exitCode = 1

/** Issues by one process; verifies at once, and once more near the token's end, by another process and by a remote verifier. */
async function load(worker: number): Promise<void> {
  for (let round = 0; performance.now() < end; round += 1) {
    const { token = '' } = await ask(worker + round, {})
    kids.add(String(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid))
    await check(token, worker + round)
    // Old tokens are where a key retired too early would show.
    void later(token, worker + round)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function later(token: string, from: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3800))
  if (performance.now() < end) await check(token, from)
}

async function check(token: string, from: number): Promise<void> {
  const remote = remotes[(from + 2) % 3]
  const local = await ask(from + 1, { token })
  const answers = [local.isGood === true, (await remote?.verify(token).catch(() => null)) !== null]
  verified += answers.length
  refused += answers.filter((isGood) => !isGood).length
}

function ask(child: number, task: { token?: string }): Promise<{ token?: string; isGood?: boolean }> {
  const id = (nextId += 1)
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    children[child % 3]?.send({ id, ...task })
  })
}
