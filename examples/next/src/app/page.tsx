import { AuthError, systemPlatform } from '@tessera-auth/core'
import type { Metadata } from 'next'
import { connection } from 'next/server'
import { cache } from 'react'
import { type App, openApp } from '../auth.ts'
import { Header } from '../components/header.tsx'
import { Notice } from '../components/notice.tsx'
import { SignedIn, type SignedInProps } from '../components/signed-in.tsx'
import { SignedOut } from '../components/signed-out.tsx'
import { messageOf } from '../messages.ts'

type Query = Promise<{ error?: string | string[] }>

export async function generateMetadata(): Promise<Metadata> {
  const visitor = await findVisitor()
  const title = visitor === 'unavailable' ? 'Sorry' : visitor ? 'Your account' : 'Sign in'
  return { title: `${title} · Tessera example` }
}

export default async function Page({ searchParams }: { searchParams: Query }) {
  const visitor = await findVisitor()
  const { error } = await searchParams
  const reader = visitor === 'unavailable' ? null : visitor && visitor.user
  return (
    <>
      <Header>
        {visitor && visitor !== 'unavailable' && (
          <form method="post" action="/page/sign-out">
            <button className="plain">Sign out</button>
          </form>
        )}
      </Header>
      <main>
        {typeof error === 'string' && <Notice message={messageOf(error, reader)} />}
        {visitor === 'unavailable' && <Notice message={messageOf('unavailable')} />}
        {visitor && visitor !== 'unavailable' ? <SignedIn {...visitor} /> : visitor === null && <SignedOut />}
      </main>
    </>
  )
}

/** Once for each request, for its title and for the page. */
const findVisitor = cache(async () => {
  await connection() // nothing of this page is made ahead of a request
  return visitorOf(await openApp()).catch(unavailable)
})

/** "Cannot know" is not "signed out": nobody is asked for a password while the store is out. */
function unavailable(error: unknown): 'unavailable' {
  if (error instanceof AuthError && error.status === 503) return 'unavailable'
  throw error
}

async function visitorOf({ readAuth, services, users, shared }: App): Promise<SignedInProps | null> {
  const current = await readAuth().session()
  const user = current && (await users.byId(current.userId))
  if (!current || !user) return null
  const { access_token } = await services.tokens.issueAccessToken({ session: current, scope: 'profile orders:read' })
  const command = `curl -H 'Authorization: Bearer ${access_token}' ${shared.origin}/api/profile`
  const { now } = shared.platform ?? systemPlatform
  return { user, current, command, sessions: await services.sessions.list(user.id), now: now() }
}
