import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../errors.js'
import { memoryStore } from '../store/memory-store.js'
import { type Attempt, beginForged, type Forged, issuer } from './fixtures/attacked-login.js'

const halfHash = (text: string): string =>
  createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')

/** The front channel's ID token for a code, with changes. */
async function frontToken({ network, sent }: Attempt, change: Record<string, unknown> = {}): Promise<string> {
  const now = network.platform.now()
  const standard = { iss: issuer, sub: 'ada', aud: 'app', iat: now, exp: now + 600, nonce: sent.get('nonce') }
  return network.sign({ ...standard, c_hash: halfHash('the-code'), ...change })
}

function beginHybrid(forged: Forged = {}): Promise<Attempt> {
  return beginForged({ ...forged, options: { responseType: 'code id_token', ...forged.options } })
}

async function finish(attempt: Attempt, form: Record<string, string>): Promise<unknown> {
  const { flow, browser, sent } = attempt
  return flow.finish(browser.post('/callback'), { code: 'the-code', state: sent.get('state') ?? '', ...form })
}

describe('the hybrid flow (OpenID Connect Core §3.3)', () => {
  test('asks for both, by form_post, and takes an answer as it should be', async () => {
    const attempt = await beginHybrid()
    expect(attempt.sent.get('response_type')).toBe('code id_token')
    expect(attempt.sent.get('response_mode')).toBe('form_post')
    expect(await finish(attempt, { id_token: await frontToken(attempt) })).toMatchObject({
      identity: { subject: 'ada' },
    })
  })

  const wrong: [string, Record<string, unknown>, string][] = [
    ['a code that was swapped', { c_hash: halfHash('another code') }, 'c_hash'],
    ['no c_hash', { c_hash: undefined }, 'c_hash'],
    ['the nonce of another attempt', { nonce: 'other' }, 'nonce'],
    ['another issuer', { iss: 'https://evil.example' }, 'iss'],
    ['another client', { aud: 'other' }, 'aud'],
  ]
  test.each(wrong)('%s is refused before the code is sent', async (_name, change, reason) => {
    const attempt = await beginHybrid()
    await expect(finish(attempt, { id_token: await frontToken(attempt, change) })).rejects.toMatchObject({
      details: { reason: `id_token_${reason}` },
    })
    expect(attempt.codesSent()).toBe(0)
  })

  test('an answer without ID token is refused before the code is sent', async () => {
    const attempt = await beginHybrid()
    await expect(finish(attempt, {})).rejects.toMatchObject({ code: 'callback_rejected' })
    expect(attempt.codesSent()).toBe(0)
  })

  test('two ID tokens of two users are refused', async () => {
    const attempt = await beginHybrid({ claims: { sub: 'bob' } })
    await expect(finish(attempt, { id_token: await frontToken(attempt) })).rejects.toMatchObject({
      details: { reason: 'id_token_sub' },
    })
  })
})

describe('tokens that were to be bound', () => {
  test('and came as bearer tokens are refused', async () => {
    const { flow, browser, callback } = await beginForged({ options: { dpop: true } })
    await expect(flow.finish(browser.arrive(callback()))).rejects.toMatchObject({
      details: { reason: 'token_not_bound' },
    })
  })
})

describe('a store that is down', () => {
  test('is unavailable, and no code is sent: "cannot know" is not "not taken yet"', async () => {
    const down = { ...memoryStore(), insert: () => Promise.reject(new Error('down')) }
    const { flow, browser, callback, codesSent } = await beginForged({ options: { store: down } })
    await expect(flow.finish(browser.arrive(callback()))).rejects.toThrow(StoreError)
    expect(codesSent()).toBe(0)
  })
})
