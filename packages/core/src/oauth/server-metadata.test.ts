import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { testPlatform } from '@tessera-auth/testing'
import { recordedNetwork } from './fixtures/recorded-provider.js'
import { createAuthorizationCodeFlow } from './authorization-code-flow.js'
import { appBrowser } from './fixtures/app-browser.js'
import { definitionOf } from './provider.js'
import { oidc } from './providers/oidc.js'
import { createMetadataReader, type ServerMetadata } from './server-metadata.js'
import { askableUrl, readText } from './upstream.js'

const issuer = 'https://login.acme.example/realm'
const openid = `${issuer}/.well-known/openid-configuration`
const rfc8414 = 'https://login.acme.example/.well-known/oauth-authorization-server/realm'

function readerOf(answers: Parameters<typeof recordedNetwork>[0], options: { issuer?: string } = {}) {
  const network = recordedNetwork(answers)
  const clock = testPlatform()
  const platform = { ...clock, monotonic: clock.monotonic, fetch: network.platform.fetch }
  const provider = oidc({ name: 'acme', issuer, clientId: 'app', ...options })
  const read: () => Promise<ServerMetadata> = createMetadataReader(definitionOf(provider), platform)
  return { read, network, clock }
}

/** The beginning of a document; then the connection is gone, or the timeout has come. */
function breakingOff(status = 200): Response {
  const gone = (): never => expect.fail('terminated')
  const source = {
    start: (controller: ReadableStreamDefaultController) => controller.enqueue(new TextEncoder().encode('{"issuer":')),
    pull: gone,
    cancel: gone,
  }
  const body = new ReadableStream(source, { highWaterMark: 2 })
  return new Response(body, { status, headers: { 'content-type': 'application/json' } })
}

describe('discovery', () => {
  test('OpenID metadata is found below the issuer', async () => {
    const { read } = readerOf({ [openid]: { issuer, token_endpoint: `${issuer}/token` } })
    expect(await read()).toEqual({ issuer, token_endpoint: `${issuer}/token` })
  })

  test('RFC 8414 metadata is found before the issuer’s path, where there is no OpenID', async () => {
    const { read, network } = readerOf({ [rfc8414]: { issuer, token_endpoint: `${issuer}/token` } })
    expect(await read()).toMatchObject({ token_endpoint: `${issuer}/token` })
    expect(network.asked.map(({ url }) => url)).toEqual([openid, rfc8414])
  })

  test.each([`${issuer}/`, issuer.toUpperCase(), 'https://login.acme.example', `${issuer}?x`, undefined, 7])(
    'metadata of the issuer %s is refused',
    async (other) => {
      const { read } = readerOf({ [openid]: { issuer: other, token_endpoint: `${issuer}/token` } })
      await expect(read()).rejects.toMatchObject({ code: 'provider_error', details: { reason: 'issuer_mismatch' } })
    },
  )

  test('callers share one request, and for an hour nobody asks again', async () => {
    const { read, network, clock } = readerOf({ [openid]: { issuer } })
    await Promise.all([read(), read(), read()])
    clock.advance(3599)
    await read()
    expect(network.asked).toHaveLength(1)
    clock.advance(2)
    await read()
    expect(network.asked).toHaveLength(2)
  })

  test('a failure is not kept', async () => {
    const { read, network } = readerOf({ [openid]: () => new Response('down', { status: 500 }) })
    await expect(read()).rejects.toMatchObject({ code: 'provider_error' })
    network.answers[openid] = { issuer }
    expect(await read()).toEqual({ issuer })
  })

  const broken: [string, () => Response][] = [
    ['HTML', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['broken JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } })],
    ['a list', () => Response.json([])],
    ['null', () => Response.json(null)],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } })],
    ['more than a mebibyte', () => Response.json({ issuer, more: 'x'.repeat(1_048_576) })],
    ['no network', () => expect.fail('the network is down')],
    ['a body that breaks off', () => breakingOff()],
    ['an error whose body breaks off', () => breakingOff(500)],
  ]
  test.each(broken)('%s is the provider’s error', async (_name, answer) => {
    const { read } = readerOf({ [openid]: answer })
    await expect(read()).rejects.toMatchObject({ code: 'provider_error' })
  })

  test('a body that breaks off is the provider’s error at every door, and stands in the events', async () => {
    const { platform } = recordedNetwork({ [openid]: () => breakingOff() })
    const events: unknown[] = []
    const flow = createAuthorizationCodeFlow({
      secrets: ['a secret for tests only, which has 32 characters or more'],
      ...{ origin: 'https://app.example', redirectPath: '/callback', platform },
      provider: oidc({ name: 'acme', issuer, clientId: 'app' }),
      onEvent: ({ type, reason }) => void events.push([type, reason]),
    })
    const doors = [flow.begin(appBrowser().click('/auth')), flow.logoutUrl(), flow.verifyLogoutToken('a.b.c')]
    const failed = { status: 'rejected', reason: expect.objectContaining({ code: 'provider_error' }) }
    expect(await Promise.allSettled(doors)).toEqual([failed, failed, failed])
    const refused = ['oauth.refused', 'provider_error']
    expect(events).toEqual([refused, refused, refused])
  })

  test('a redirect is not followed', async () => {
    let followed = false
    const target = createServer((_request, response) => {
      followed = true
      response.end()
    })
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const location = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`
    const source = createServer((_request, response) => response.writeHead(302, { location }).end())
    await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve))
    const local = `http://localhost:${(source.address() as AddressInfo).port}`
    const options = { name: 'acme', issuer: local, clientId: 'app', dangerouslyAllowPrivateNetwork: true }
    const read = createMetadataReader(definitionOf(oidc(options)), { ...testPlatform(), fetch })
    await expect(read()).rejects.toMatchObject({ code: 'provider_error' })
    expect(followed).toBe(false)
    source.close()
    target.close()
  })
})

describe('addresses that this server does not ask', () => {
  const refused = [
    'http://login.acme.example',
    'https://localhost',
    'https://LOCALHOST.',
    'https://app.localhost',
    'https://127.0.0.1',
    'https://127.1',
    'https://2130706433',
    'https://0x7f.1',
    'https://0.0.0.0',
    'https://10.0.0.1',
    'https://100.64.0.1',
    'https://169.254.169.254',
    'https://172.16.0.1',
    'https://172.31.255.255',
    'https://192.168.1.1',
    'https://198.18.0.1',
    'https://224.0.0.1',
    'https://255.255.255.255',
    'https://[::1]',
    'https://[::]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:a9fe:a9fe]',
    'https://[64:ff9b::7f00:1]',
    'https://[2002:7f00:1::]',
    'https://[2001:0:7f00:1::]',
    'https://[2001:db8::1]',
    'https://[fe80::1]',
    'https://[fd00::1]',
    'https://[ff02::1]',
    'https://intranet',
    'https://printer.local',
    'https://vault.internal',
    'https://router.home.arpa',
    'https://user:password@login.acme.example',
    'ftp://login.acme.example',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'login.acme.example',
    '',
  ]
  test.each(refused)('%s is no issuer', (address) => {
    expect(askableUrl(address, false)).toBeNull()
    expect(() => oidc({ name: 'acme', issuer: address, clientId: 'app' })).toThrow(/issuer: expected/)
  })

  test.each(refused.slice(1, 20))('%s is no endpoint', async (address) => {
    const { read } = readerOf({ [openid]: { issuer, jwks_uri: `${address}/keys` } })
    await expect(read()).rejects.toMatchObject({ code: 'provider_error', details: { reason: 'address_refused' } })
  })

  test.each([
    ...['javascript:alert(1)', 'http://login.acme.example/auth', 'data:text/html,x'],
    ...['http://localhost:3000/auth', 'http://127.0.0.1/auth'],
  ])('the browser is not sent to %s', async (address) => {
    const { read } = readerOf({ [openid]: { issuer, authorization_endpoint: address } })
    await expect(read()).rejects.toMatchObject({ details: { reason: 'address_refused' } })
  })

  test('the browser may be sent into a private network that this server does not ask', async () => {
    const { read } = readerOf({ [openid]: { issuer, authorization_endpoint: 'https://login.internal/auth' } })
    expect(await read()).toMatchObject({ authorization_endpoint: 'https://login.internal/auth' })
  })

  test.each(['https://8.8.8.8', 'https://[2606:4700::1111]', 'https://login.acme.example:8443'])('%s is', (address) => {
    expect(askableUrl(address, false)?.origin).toBe(address)
  })

  test('the loud option opens this machine, and http nowhere else', () => {
    expect(askableUrl('http://localhost:3001', true)).not.toBeNull()
    expect(askableUrl('https://10.0.0.1', true)).not.toBeNull()
    expect(askableUrl('http://10.0.0.1', true)).toBeNull()
    expect(askableUrl('http://login.acme.example', true)).toBeNull()
  })
})

describe('readText', () => {
  test('stops reading beyond the bound', async () => {
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1
        controller.enqueue(new Uint8Array(65_536))
      },
    })
    await expect(readText(new Response(endless))).rejects.toMatchObject({ code: 'provider_error' })
    expect(sent).toBeLessThan(25)
  })
})
