import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const program = createRequire(import.meta.url).resolve('next/dist/bin/next')

describe('next start, without server.ts', () => {
  test('an address that the visitor makes up counts for nothing', async () => {
    expect(await guessElevenTimes({})).toEqual([...Array.from({ length: 10 }, () => 401), 429])
  })

  test('an address that a trusted proxy names does', async () => {
    expect(await guessElevenTimes({ TRUST_PROXY: 'loopback' })).toEqual(Array.from({ length: 11 }, () => 401))
  })
})

/** The answers to guesses at one account, each with another address in the header. */
async function guessElevenTimes(settings: Readonly<Record<string, string>>): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'next-start-'))
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const child = spawn(process.execPath, [program, 'start', '-p', String(port)], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...environment(folder, origin), PORT: String(port), ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (status) => reject(new Error(`next start ended with ${status}`)))
      child.stdout.on('data', (chunk: Buffer) => /\bready\b/i.test(String(chunk)) && resolve())
    })
    await expect.poll(async () => (await fetch(`${origin}/healthz`)).status).toBe(200)
    const statuses: number[] = []
    for (let guess = 1; guess <= 11; guess += 1) {
      const headers = { origin, 'content-type': 'application/json', 'x-forwarded-for': `198.51.100.${guess}` }
      const body = JSON.stringify({ email: 'somebody@example.com', password: `guess number ${guess}` })
      statuses.push((await fetch(`${origin}/auth/sign-in`, { method: 'POST', headers, body })).status)
    }
    return statuses
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}

function environment(folder: string, origin: string): NodeJS.ProcessEnv & { NODE_ENV: 'production' } {
  return {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    ORIGIN: origin,
    DATABASE_URL: `sqlite:${join(folder, 'app.db')}`,
    APP_SECRETS: 'a-secret-of-this-test-only-0123456789',
    IDP_ISSUER: 'http://localhost:9',
    IDP_CLIENT_ID: 'nobody',
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0)
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return typeof address === 'object' && address ? address.port : 0
}
