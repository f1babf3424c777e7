'use server'

/** What the forms of the page do. Each is told what went wrong, or the browser goes to the page anew. */
import { AuthError } from '@tessera-auth/core'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import type { AccountRequest } from './accounts.ts'
import { isAppError } from './answer-errors.ts'
import { openApp } from './auth.ts'
import { addressOf } from './client-address.ts'
import type { FormState } from './form-state.ts'
import { messageOf, reasonsOf } from './messages.ts'
import type { Services } from './services.ts'
import type { User } from './users.ts'

type State = FormState | null

export async function signUp(_state: State, form: FormData): Promise<FormState> {
  return submit(form, ({ accounts }, request) => accounts.signUp(request))
}

export async function signIn(_state: State, form: FormData): Promise<FormState> {
  const remember = form.has('remember') // a box that is not ticked sends nothing
  return submit(form, ({ accounts }, request) =>
    accounts.signIn({ ...request, body: { ...Object(request.body), remember } }),
  )
}

export async function reauthenticate(_state: State, form: FormData): Promise<FormState> {
  return submit(form, ({ accounts }, request) => accounts.reauthenticate(request))
}

export async function changePassword(_state: State, form: FormData): Promise<FormState> {
  return submit(form, ({ accounts }, request) => accounts.changePassword(request))
}

export async function deleteAccount(_state: State, form: FormData): Promise<FormState> {
  return submit(form, ({ accounts }, { auth }) => accounts.remove(auth))
}

export async function endOtherSessions(_state: State, form: FormData): Promise<FormState> {
  return submit(form, ({ accounts }, { auth }) => accounts.endOtherSessions(auth))
}

export async function endSession(_state: State, form: FormData): Promise<FormState> {
  return submit(form, ({ accounts }, { auth }) => accounts.endSession(auth, String(form.get('id'))))
}

async function submit(
  form: FormData,
  run: (services: Services, request: AccountRequest) => Promise<unknown>,
): Promise<FormState> {
  const { services, getAuth } = await openApp()
  const auth = getAuth()
  try {
    const address = addressOf(await headers())
    await run(services, { auth, body: Object.fromEntries(form), address })
  } catch (error) {
    // The page still shows who was signed in.
    if (error instanceof AuthError && error.code === 'unauthenticated') redirect('/?error=unauthenticated')
    const visitor = await services.accounts.whoami(auth).catch(() => null)
    const email = form.get('email')
    return { ...refusalOf(error, visitor?.user ?? null), email: typeof email === 'string' ? email : '' }
  }
  redirect('/')
}

/** What a page can tell of it. */
function refusalOf(error: unknown, visitor: User | null): Omit<FormState, 'email'> {
  if (!(error instanceof AuthError || isAppError(error))) {
    console.error(error)
    return { message: messageOf('internal_error'), reasons: [] }
  }
  const { code, details } = error
  const { reasons } = details as { reasons?: unknown }
  return { message: messageOf(code, visitor), reasons: reasonsOf(Array.isArray(reasons) ? reasons.map(String) : []) }
}
