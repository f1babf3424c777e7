/** How requests are seen: lazily, as they came, and each for itself. */
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type AdapterWorld, browserOf, origin } from './adapter-world.js'

/** Registers the suites of laziness, of the request view, and of requests side by side. */
export function describeRequests(world: AdapterWorld): void {
  describeLaziness(world)
  describeView(world)
  describeIsolation(world)
}

function describeLaziness(world: AdapterWorld): void {
  const { url, faults } = world

  describe('the door of a request', () => {
    test('costs no store call where nobody asks', async () => {
      const headers = await browserOf(world, 'user-9')
      const before = faults.calls()
      await fetch(url('/untouched'), { headers })
      expect(faults.calls() - before).toBe(0)
    })

    test('reads once, however often it is asked, and is the same door', async () => {
      const headers = await browserOf(world, 'user-10')
      const before = faults.calls()
      const { same, ids } = (await (await fetch(url('/thrice'), { headers })).json()) as {
        same: boolean
        ids: string[]
      }
      expect(same).toBe(true)
      expect(new Set(ids).size).toBe(1)
      expect(faults.calls() - before).toBe(1)
    })
  })
}

function describeView(world: AdapterWorld): void {
  const { url } = world

  describe('the request view', () => {
    test('has the whole path and query, in a mounted router too', async () => {
      const response = await fetch(url('/mounted/where?a=1&b=%2F'), { headers: { accept: 'text/x-test' } })
      const seen = (await response.json()) as Record<string, string | null>
      expect(seen).toMatchObject({ method: 'GET', accept: 'text/x-test', none: null })
      expect(seen['url']).toMatch(/\/mounted\/where\?a=1&b=%2F$/)
    })

    test('finds the good one among twin cookies', async () => {
      const { cookie } = await browserOf(world, 'user-11')
      const response = await fetch(url('/me'), { headers: { cookie: `session=planted.twin; ${cookie}` } })
      expect(await response.json()).toEqual({ id: 'user-11' })
    })

    test('finds a cookie in a second Cookie header', async () => {
      const { cookie } = await browserOf(world, 'user-12')
      const answer = await raw(world, ['GET /me HTTP/1.1', 'cookie: theme=dark', `cookie: ${cookie}`])
      expect(answer).toContain('"user-12"')
    })

    test('does not take the better of two Origin headers', async () => {
      const { cookie } = await browserOf(world, 'user-13')
      for (const pair of [
        [origin, 'https://evil.example'],
        ['https://evil.example', origin],
      ]) {
        const lines = pair.map((one) => `origin: ${one}`)
        const answer = await raw(world, ['POST /sign-out HTTP/1.1', 'content-length: 0', `cookie: ${cookie}`, ...lines])
        expect(answer).toMatch(/^HTTP\/1\.1 40[03] /)
      }
    })
  })
}

function describeIsolation(world: AdapterWorld): void {
  const { url } = world

  describe('requests side by side', () => {
    test('are never taken for each other', async () => {
      const users = Array.from({ length: 20 }, (_, index) => `parallel-${index}`)
      const browsers = await Promise.all(users.map((user) => browserOf(world, user)))
      const answers = await Promise.all(browsers.map(async (headers) => (await fetch(url('/me'), { headers })).json()))
      expect(answers).toEqual(users.map((id) => ({ id })))
    })

    test('on one connection do not inherit who it was', async () => {
      const { cookie } = await browserOf(world, 'user-14')
      const answer = await raw(world, ['GET /me HTTP/1.1', `cookie: ${cookie}`], ['GET /maybe HTTP/1.1'])
      expect(answer).toContain('"user-14"')
      expect(answer).toContain('{"id":null}')
    })
  })
}

/** Sends requests down one connection as they are written here; all that came back. */
function raw(world: AdapterWorld, ...requests: string[][]): Promise<string> {
  const { hostname, port, host } = new URL(world.url('/'))
  const texts = requests.map((lines, index) => {
    const last = index === requests.length - 1 ? ['connection: close'] : []
    return [...lines, `host: ${host}`, ...last, '', ''].join('\r\n')
  })
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(texts.join('')))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (received += chunk))
    socket.on('end', () => resolve(received))
    socket.on('error', reject)
  })
}
