/** Cookies that come when the answer is on its way already. */
import { describe, expect, test } from 'vitest'
import { createSessions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import { createAuthenticator } from './authenticator.js'
import { type Cart, origin, own, setUp } from './fixtures/cart-app.js'
import type { RequestAuth } from './request-auth.js'

describe('a cookie that comes after the answer of respond', () => {
  const late = { code: 'ERR_HTTP_HEADERS_SENT' }

  test.each([
    ['signs in', async (auth: RequestAuth<Cart>) => auth.signIn(await auth.beginLogin('user-1'))],
    ['proves somebody again', (auth: RequestAuth<Cart>) => auth.reauthenticate({ methods: ['pwd'] })],
  ])('is an error where a stream %s', async (_, change) => {
    const { authenticator, signIn } = setUp()
    const { cookie } = await signIn()
    let outcome: unknown
    const request = new Request(origin, { method: 'POST', headers: { ...own, cookie } })
    const response = await authenticator.respond(request, (auth) => {
      const body = new ReadableStream(
        {
          async pull(controller) {
            outcome = await change(auth).catch((error: unknown) => error)
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      return new Response(body)
    })
    await response.text()
    expect(outcome).toMatchObject(late)
  })

  test('is deleted whatever another write of the request came to', async () => {
    const store = memoryStore()
    const replace = (): Promise<boolean> => Promise.reject(new Error('lost'))
    const data = { initial: { items: [] } as Cart, parse: (stored: unknown) => stored as Cart }
    const sessions = createSessions({ store: { ...store, replace }, data })
    const authenticator = createAuthenticator({ origin, sessions })
    const { token } = await sessions.create({ attempt: await sessions.beginLogin('user-1') })
    const headers = new Headers()
    const cookie = `__Host-session=${token}`
    const auth = authenticator.bind(new Request(origin, { method: 'POST', headers: { ...own, cookie } }), headers)
    const outcomes = await Promise.allSettled([auth.updateData((cart) => cart), auth.signOut()])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(headers.getSetCookie()[0]).toContain('Max-Age=0')
    expect(await sessions.list('user-1')).toEqual([])
  })

  test('is none where it is to be deleted: a socket signs out, and its door knows', async () => {
    const { authenticator, sessions, signIn } = setUp()
    const { cookie } = await signIn()
    const headers = {
      append(name: string) {
        if (name === 'Set-Cookie') throw Object.assign(new Error('too late'), late)
      },
    }
    const auth = authenticator.bind(new Request(origin, { method: 'POST', headers: { ...own, cookie } }), headers)
    const { userId } = await auth.requireSession()
    await auth.signOut()
    expect(await auth.session()).toBeNull()
    expect(await sessions.list(userId)).toEqual([])
  })

  test('is an error after a handler that failed', async () => {
    const { authenticator } = setUp()
    let kept: RequestAuth<Cart> | undefined
    const answered = authenticator.respond(new Request(origin), (auth) => {
      kept = auth
      throw new TypeError('mine')
    })
    await expect(answered).rejects.toThrow('mine')
    await expect(kept?.updateData((cart) => cart)).rejects.toMatchObject(late)
  })

  test('is none where a stream only asks who it is', async () => {
    const { authenticator, signIn } = setUp()
    const { cookie } = await signIn()
    const response = await authenticator.respond(new Request(origin, { headers: { cookie } }), (auth) => {
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            controller.enqueue(new TextEncoder().encode((await auth.session())?.userId))
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      return new Response(body)
    })
    expect(await response.text()).toBe('user-1')
  })
})
