/** The routes of the app under test. */
import { AuthError, type RequestAuth, type RequestView } from '@tessera-auth/core'
import type { AdapterAnswer, AdapterRoute } from '../describe-adapter.js'

const ok = (body: unknown, headers: Record<string, string> = {}): AdapterAnswer => ({ status: 200, headers, body })

/** What a route throws that is nobody's business: its text must not reach a visitor as an answer of ours. */
export const foreignError = 'a bug of the app'

/** Doors of requests that are answered, by the name that their test gave. */
const answered = new Map<string, RequestAuth>()

/** Mounted by every app under test. */
export const adapterRoutes: readonly AdapterRoute[] = [
  { method: 'GET', path: ['', '/untouched'], run: async () => ok({ untouched: true }) },
  {
    method: 'GET',
    path: ['', '/me'],
    run: async (getAuth) => ok({ id: (await getAuth().requireSession()).userId }),
  },
  {
    method: 'GET',
    path: ['', '/maybe'],
    run: async (getAuth) => ok({ id: (await getAuth().session())?.userId ?? null }),
  },
  {
    method: 'GET',
    path: ['', '/thrice'],
    async run(getAuth) {
      const [one, two] = await Promise.all([getAuth().session(), getAuth().session()])
      const three = await getAuth().requireSession()
      return ok({ same: getAuth() === getAuth(), ids: [one?.id, two?.id, three.id] })
    },
  },
  {
    method: 'GET',
    path: ['', '/cached'],
    async run(getAuth) {
      await getAuth().session()
      return ok({}, { 'cache-control': 'private, max-age=60' })
    },
  },
  {
    method: 'POST',
    path: ['', '/sign-in'],
    async run(getAuth) {
      const session = await getAuth().signIn(await getAuth().beginLogin('user-1'), { methods: ['pwd'] })
      return ok({ id: session.id })
    },
  },
  {
    method: 'POST',
    path: ['', '/sign-in-with-own-cookie'],
    async run(getAuth) {
      await getAuth().signIn(await getAuth().beginLogin('user-1'))
      return ok({}, { 'set-cookie': 'theme=dark; Path=/' })
    },
  },
  {
    method: 'POST',
    path: ['', '/sign-out'],
    async run(getAuth) {
      await getAuth().signOut()
      return ok({})
    },
  },
  {
    method: 'POST',
    path: ['', '/sign-in-then-fail'],
    async run(getAuth) {
      await getAuth().signIn(await getAuth().beginLogin('user-1'))
      throw new AuthError('conflict')
    },
  },
  {
    method: 'POST',
    path: ['', '/answer-first'],
    async run(getAuth) {
      const auth = getAuth()
      answered.set(nameOf(await auth.request), auth)
      return ok({})
    },
  },
  {
    method: 'POST',
    path: ['', '/sign-in-after-it'],
    async run(getAuth) {
      const late = answered.get(nameOf(await getAuth().request))
      if (!late) throw new AuthError('not_found')
      const session = late.beginLogin('user-1').then((attempt) => late.signIn(attempt))
      return ok({
        outcome: await session.then(
          () => 'signed in',
          ({ code }) => code,
        ),
      })
    },
  },
  {
    method: 'GET',
    path: ['', '/foreign-error'],
    async run() {
      throw new Error(foreignError)
    },
  },
  {
    method: 'GET',
    path: ['/mounted', '/where'],
    async run(getAuth) {
      const { method, url, headers } = await getAuth().request
      return ok({ method, url, accept: headers.get('Accept'), none: headers.get('x-none') })
    },
  },
]

function nameOf({ headers }: RequestView): string {
  return headers.get('x-door') ?? ''
}
