import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'

let running: ChildProcess | undefined
afterEach(() => running?.kill('SIGKILL'))

test.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s, also when it comes again', async (signal) => {
  running = spawn(process.execPath, ['src/server.ts'], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, IDP_PORT: '0', IDP_CLIENT_SECRET: 'a secret for the test of the example only' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(running, 'exit')
  const [line] = await once(running.stdout ?? running, 'data')
  expect(String(line)).toMatch(/^ready http:\/\/localhost:\d+\n$/)
  for (let sent = 0; sent < 4; sent += 1) {
    running.kill(signal)
    await setTimeout(1)
  }
  expect(await ended).toEqual([0, null])
})
