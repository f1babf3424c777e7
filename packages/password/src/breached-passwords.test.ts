import { createHash } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuthError, ConfigError } from '@tessera-auth/core/http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type BreachedPasswordsOptions, breachedPasswords, createPasswords } from './index.js'

const password = 'correct horse battery staple'
const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
const suffix = digest.slice(5)
const other = createHash('sha1').update('another').digest('hex').toUpperCase().slice(5)

/** What the service answers, and what it was asked. */
let answer: (response: ServerResponse, request: IncomingMessage) => void = () => {}
let asked: IncomingMessage[] = []
const server = createServer((request, response) => {
  asked.push(request)
  answer(response, request)
})
/** The service's own address, led to this machine. */
const platform = {
  fetch(url: string, init?: RequestInit): Promise<Response> {
    const { port } = server.address() as AddressInfo
    return fetch(url.replace('https://api.pwnedpasswords.com', `http://127.0.0.1:${port}`), init)
  },
}

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked = []
})

function ask(options: Partial<BreachedPasswordsOptions> = {}): Promise<'breached' | false> {
  return breachedPasswords({ onOutage: 'refuse', platform, ...options })(password)
}

function redirected(response: ServerResponse, { url }: IncomingMessage): void {
  if (url === '/elsewhere') response.end(`${other}:3`)
  else response.writeHead(302, { location: '/elsewhere' }).end()
}

function say(body: string, status = 200): void {
  answer = (response) => response.writeHead(status).end(body)
}

describe('breachedPasswords', () => {
  it('finds a password that the service lists', async () => {
    say(`${other}:3\r\n${suffix}:42\r\n`)
    expect(await ask()).toBe('breached')
  })

  it('accepts one that it does not list', async () => {
    say(`${other}:3\r\n`)
    expect(await ask()).toBe(false)
  })

  it('takes a count of zero for padding', async () => {
    say(`${suffix}:0\r\n${other}:3`)
    expect(await ask()).toBe(false)
  })

  it('tells the service five digits of the digest, and asks for padding', async () => {
    say(`${other}:3`)
    await ask()
    expect(asked.map(({ url }) => url)).toEqual([`/range/${digest.slice(0, 5)}`])
    expect(asked[0]?.headers['add-padding']).toBe('true')
    expect(JSON.stringify(asked[0]?.rawHeaders)).not.toContain(suffix)
  })

  it('gives the policy the reason breached', async () => {
    say(`${suffix}:1`)
    const passwords = createPasswords({ blocklist: breachedPasswords({ onOutage: 'refuse', platform }) })
    await expect(passwords.hash(password)).rejects.toMatchObject({
      code: 'password_rejected',
      details: { reasons: ['breached'] },
    })
    expect((await passwords.verify({ password, hash: null })).ok).toBe(false)
    expect(asked).toHaveLength(1)
  })

  it.each<[string, Record<string, unknown>]>([
    ['no onOutage', {}],
    ['another onOutage', { onOutage: 'ignore' }],
    ['a timeout of zero', { onOutage: 'accept', timeoutSeconds: 0 }],
    ['a timeout of a minute', { onOutage: 'accept', timeoutSeconds: 60 }],
  ])('refuses %s as an option', (_, options) => {
    expect(() => breachedPasswords(options as unknown as BreachedPasswordsOptions)).toThrow(ConfigError)
  })
})

describe('an outage', () => {
  const outages: [string, () => void][] = [
    ['a status of 503', () => say('', 503)],
    ['a status of 429 with a list', () => say(`${other}:3`, 429)],
    ['an empty answer', () => say('')],
    ['a page instead of a list', () => say('<html>Please sign in to this network</html>')],
    ['a list with a line in another form', () => say(`${other}:3\r\nmore to come`)],
    ['an answer of more than a megabyte', () => say(`${other}:3\r\n`.repeat(40_000))],
    ['a connection that breaks', () => (answer = (response) => response.destroy())],
    [
      'an answer that breaks off',
      () => (answer = (response) => response.write(`${other}:3\r\n`, () => response.destroy())),
    ],
    ['a redirect, even to a list', () => (answer = redirected)],
  ]

  it.each(outages)('is refused with unavailable where onOutage says so: %s', async (_, prepare) => {
    prepare()
    const error: unknown = await ask().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AuthError)
    expect(error).toMatchObject({ code: 'unavailable', status: 503, details: { retryAfterSeconds: 30 } })
  })

  it.each(outages)('is accepted where onOutage says so: %s', async (_, prepare) => {
    prepare()
    expect(await ask({ onOutage: 'accept' })).toBe(false)
  })

  it('is a service that does not answer in time, or trickles', async () => {
    answer = () => {}
    const silent = ask({ timeoutSeconds: 1 })
    await expect(silent).rejects.toMatchObject({ code: 'unavailable' })
    answer = (response) => {
      const drops = setInterval(() => response.write(`${other}:3\r\n`), 50)
      response.on('close', () => clearInterval(drops))
    }
    await expect(ask({ timeoutSeconds: 1 })).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('tells nothing of the password', async () => {
    say('', 503)
    const error: unknown = await ask().catch((thrown: unknown) => thrown)
    const cause = (error as Error).cause as Error
    const told = JSON.stringify([error, (error as Error).message, (error as Error).stack, cause.message, cause.stack])
    for (const secret of [password, digest, digest.slice(0, 5)]) expect(told).not.toContain(secret)
  })
})
