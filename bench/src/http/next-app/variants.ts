/** What is measured on Next.js: one route handler in each of these ways. Bundled by Next. */
import { nextAdapter } from '@tessera-auth/next'
import { getIronSession, sealData } from 'iron-session'
import NextAuth from 'next-auth'
import { encode } from 'next-auth/jwt'
import { cookies } from 'next/headers.js'
import type { NextRequest } from 'next/server.js'
import {
  benchSecret,
  handJwt,
  handMemory,
  handRedis,
  type HandWritten,
  type Ready,
  tessera,
  tesseraJwt,
  userId,
} from '../variants.ts'

/** A route handler. */
export type Answer = (request: NextRequest) => Promise<Response>

type Made = Ready & { readonly answer: Answer }

const params = { params: Promise.resolve({}) }

function answerOf(found: string | null | undefined, headers: HeadersInit = {}): Response {
  if (found) return Response.json({ id: found }, { headers })
  return Response.json({ error: 'unauthenticated' }, { status: 401, headers })
}

async function withTessera(made: ReturnType<typeof tessera>): Promise<Made> {
  const { authenticator, headers } = await made
  const handler = nextAdapter(authenticator).route(async (_request, auth) =>
    answerOf((await auth.requireSession()).userId),
  )
  return { answer: (request) => handler(request, params), headers }
}

// As one writes it: no cache may keep what was answered for a session.
function withHandWritten({ field, check, headers }: HandWritten): Made {
  return {
    answer: async (request) => {
      const found = await check(request.headers.get(field) ?? undefined)
      return answerOf(found?.userId, { 'Cache-Control': 'no-store' })
    },
    headers,
  }
}

/** By name; `bare` checks nothing and is what the others are measured over. */
export const nextVariants: Readonly<Record<string, () => Promise<Made>>> = {
  bare: async () => ({ answer: async () => answerOf(userId), headers: {} }),
  'by hand, Map': async () => withHandWritten(handMemory()),
  'by hand, Redis GET': async () => withHandWritten(await handRedis()),
  'by hand, fast-jwt with its cache': async () => withHandWritten(handJwt()),
  'Tessera, cached over Redis': () => withTessera(tessera(true)),
  'Tessera, Redis': () => withTessera(tessera(false)),
  async 'Tessera, JWT seen before'() {
    const { authenticator, headers } = await tesseraJwt()
    const handler = nextAdapter(authenticator).route(async (_request, auth) =>
      answerOf((await auth.requireScope('profile')).sub),
    )
    return { answer: (request) => handler(request, params), headers }
  },
  async 'Auth.js, JWT cookie'() {
    const { auth } = NextAuth({ secret: benchSecret, trustHost: true, providers: [], session: { strategy: 'jwt' } })
    const salt = 'authjs.session-token'
    const token = await encode({ token: { sub: userId, name: userId }, secret: benchSecret, salt })
    return {
      answer: async () => answerOf((await auth())?.user?.name),
      headers: { cookie: `${salt}=${token}` },
    }
  },
  async 'iron-session'() {
    const options = { password: benchSecret, cookieName: 'iron', cookieOptions: { secure: false } }
    const sealed = await sealData({ userId }, options)
    return {
      answer: async () => answerOf((await getIronSession<{ userId?: string }>(await cookies(), options)).userId),
      headers: { cookie: `iron=${sealed}` },
    }
  },
}
