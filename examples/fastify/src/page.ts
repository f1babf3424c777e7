/** The pages: server-rendered, complete without JavaScript. */
import { hash } from 'node:crypto'
import type { UserSession } from '@tessera-auth/core'
import { html, type Html } from './html.ts'
import { styleSheet } from './style.ts'
import type { User } from './users.ts'

/** What the home page shows. */
export interface HomePage {
  /** `null`: nobody is signed in. */
  readonly visitor: SignedInVisitor | null
  /** What went wrong, as a code; it is looked up, never shown. */
  readonly error: PageError | null
  /** What was typed, so that nobody types it twice. */
  readonly email: string
}

/** What went wrong. */
export interface PageError {
  readonly code: string
  readonly reasons?: readonly string[]
}

/** Somebody who is signed in. */
export interface SignedInVisitor {
  readonly user: User
  readonly current: UserSession<unknown>
  readonly sessions: readonly UserSession<unknown>[]
  /** A command that calls the API with an access token. */
  readonly command: string
  /** Epoch seconds. */
  readonly now: number
}

/** Changes with its content, so that browsers may keep it. */
export const stylePath = `/style-${hash('sha256', styleSheet, 'hex').slice(0, 12)}.css`

const errors: Readonly<Record<string, string>> = {
  invalid_credentials: 'That e-mail address and password do not belong together.',
  password_rejected: 'Please choose another password.',
  email_taken: 'There is an account with this e-mail address already. Sign in instead.',
  too_many_attempts: 'That was too many attempts. Wait a quarter of an hour, then try again.',
  invalid_request: 'Please fill in an e-mail address and a password.',
  unauthenticated: 'You are not signed in any more. Please sign in again.',
  reauthentication_required: 'Please confirm your password first, then try again.',
  provider_first: 'Please sign in with the identity provider once more first, then try again.',
  not_found: 'That device was signed out already.',
  csrf_rejected: 'This request did not come from our own page. Please try again from here.',
  access_denied: 'You cancelled signing in, or were refused there.',
  transaction_missing: 'That took too long, or was started in another browser. Please start again.',
  callback_rejected: 'The answer of the sign-in service did not fit. Please start again.',
  provider_error: 'The sign-in service does not work right now. Please try again later.',
  link_refused:
    'There is an account with this e-mail address. Sign in with its password, then connect the other sign-in from there.',
  conflict: 'Somebody changed this in the meantime. Please try again.',
  unavailable: 'We cannot answer right now. Please try again in a moment.',
}

const reasonTexts: Readonly<Record<string, string>> = {
  too_short: 'It needs at least 8 characters.',
  too_long: 'It has more than 256 characters.',
  common: 'It is one of the most common passwords.',
  context: 'It contains your e-mail address.',
}

/** The page at `/`. */
export function homePage({ visitor, error, email }: HomePage): string {
  const notice = error && errorNotice(error, visitor)
  return visitor
    ? layout('Your account', html`${notice}${signedIn(visitor)}`, signOutForm)
    : layout('Sign in', html`${notice}${signedOut(email)}`)
}

/** A page that says one thing. */
export function messagePage(code: string): string {
  const text = errors[code] ?? 'Something went wrong. Please try again.'
  return layout(
    'Sorry',
    html`<h1>Sorry</h1>
      <p class="lead">${text}</p>
      <p><a href="/">Back to the start</a></p>`,
  )
}

/** For people who follow a dead link. */
export function notFoundPage(): string {
  return layout(
    'Not found',
    html`<h1>There is nothing here</h1>
      <p class="lead">The address may have changed.</p>
      <p><a href="/">Go to the start</a></p>`,
  )
}

const signOutForm = html`<form method="post" action="/page/sign-out"><button class="plain">Sign out</button></form>`

function layout(title: string, content: Html, aside: Html | null = null): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Tessera example</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${stylePath}" />
      </head>
      <body>
        <header><strong>Tessera example</strong>${aside}</header>
        <main>${content}</main>
        <footer>An example app. Everything on this page works without JavaScript.</footer>
      </body>
    </html>`
  return page.markup
}

/** A code from the address may be anything. Who is signed in is told what to do as who they are. */
function sentenceOf(error: string, visitor: SignedInVisitor | null): string {
  const isLate = error === 'reauthentication_required' || (visitor !== null && error === 'link_refused')
  const proof = visitor?.user.passwordHash === null ? 'provider_first' : 'reauthentication_required'
  const code = isLate ? proof : error
  return (Object.hasOwn(errors, code) && errors[code]) || 'Something went wrong. Please try again.'
}

function errorNotice({ code, reasons = [] }: PageError, visitor: SignedInVisitor | null): Html {
  const known = reasons.map((reason) => reasonTexts[reason] ?? 'It is on a list of passwords that are easy to guess.')
  const list =
    known.length > 0 &&
    html`<ul>
      ${known.map((text) => html`<li>${text}</li>`)}
    </ul>`
  return html`<div class="notice" role="alert">${sentenceOf(code, visitor)}${list}</div>`
}

function signedOut(email: string): Html {
  return html`
    <h1>Welcome</h1>
    <p class="lead">Sign in, or make an account. It stays on this server.</p>
    <div class="cards">
      <section class="card" aria-labelledby="sign-in">
        <h2 id="sign-in">Sign in</h2>
        <form method="post" action="/page/sign-in">
          ${emailField(email)} ${passwordField({ label: 'Password', name: 'password', kind: 'current-password' })}
          <label class="inline"><input type="checkbox" name="remember" checked /> Keep me signed in</label>
          <button class="wide">Sign in</button>
        </form>
        <div class="or">or</div>
        <a class="button plain wide" href="/auth/oauth/idp">Sign in with the identity provider</a>
      </section>
      <section class="card" aria-labelledby="sign-up">
        <h2 id="sign-up">New here?</h2>
        <form method="post" action="/page/sign-up">
          ${emailField(email)}
          ${passwordField({ label: 'Password', name: 'password', kind: 'new-password', hint: 'At least 8 characters. A few words are better than a riddle.' })}
          <button class="wide">Create account</button>
        </form>
      </section>
    </div>
  `
}

function signedIn({ user, current, sessions, command, now }: SignedInVisitor): Html {
  const others = sessions.length > 1
  const isFederated = current.methods.includes('fed')
  return html`
    <h1>${user.email ?? 'Hello'}</h1>
    <p class="lead">Signed in ${ago(current.authenticatedAt, now)}${isFederated && ', with the identity provider'}.</p>
    <section class="card" aria-labelledby="devices">
      <h2 id="devices">Your devices</h2>
      <ul class="devices">
        ${sessions.map((session) => device(session, session.id === current.id, now))}
      </ul>
      ${others && html`<form method="post" action="/page/sessions/end-others"><button class="danger">Sign out all other devices</button></form>`}
    </section>
    <section class="card" aria-labelledby="token">
      <h2 id="token">An access token to try</h2>
      <p class="quiet">
        Signed for you a moment ago, good for minutes, dead as soon as you sign out. Paste this into a terminal:
      </p>
      <pre tabindex="0" role="region" aria-label="Command with an access token">${command}</pre>
      <p class="quiet">
        ${!isFederated && html`<a href="/auth/oauth/idp">Connect the identity provider</a>, then `}
        <a href="/api/upstream">${isFederated ? 'Ask the identity provider' : 'ask it'} who you are</a>.
      </p>
    </section>
    <div class="cards">
      ${user.passwordHash === null ? providerProof : passwordForms(user)}
      <section class="card" aria-labelledby="delete">
        <h2 id="delete">Delete this account</h2>
        <p class="quiet">Removes you and signs out all your devices. It cannot be undone.</p>
        <details>
          <summary>I want to delete it</summary>
          <form method="post" action="/page/delete-account">
            <button class="danger">Delete my account for good</button>
          </form>
        </details>
      </section>
    </div>
  `
}

function device(session: UserSession<unknown>, isCurrent: boolean, now: number): Html {
  const { id, lastSeenAt, createdAt } = session
  const label = session.device.label
  return html`<li>
    <div class="about">
      <b>${label}${isCurrent && html`<span class="badge">this device</span>`}</b>
      <span class="quiet"
        >${isCurrent ? 'In use now' : html`Last used ${ago(lastSeenAt, now)}`}, signed in ${ago(createdAt, now)}</span
      >
    </div>
    <form method="post" action="/page/sessions/${id}/end">
      <button class="plain" aria-label="Sign out ${label}, signed in ${agoText(createdAt, now)}">Sign out</button>
    </form>
  </li>`
}

function passwordForms({ email }: User): Html {
  // The hidden name lets password managers know whose password this is.
  const name = html`<input type="hidden" name="username" autocomplete="username" value="${email ?? ''}" />`
  return html`
    <section class="card" aria-labelledby="change">
      <h2 id="change">Change password</h2>
      <form method="post" action="/page/change-password">
        ${name} ${passwordField({ label: 'Current password', name: 'currentPassword', kind: 'current-password' })}
        ${passwordField({ label: 'New password', name: 'newPassword', kind: 'new-password', hint: 'Signs out all your other devices.' })}
        <button>Change it</button>
      </form>
    </section>
    <section class="card" aria-labelledby="confirm">
      <h2 id="confirm">Confirm that it is you</h2>
      <p class="quiet">Some things ask for it when you signed in long ago.</p>
      <form method="post" action="/page/reauthenticate">
        ${name} ${passwordField({ label: 'Password', name: 'password', kind: 'current-password' })}
        <button>Confirm</button>
      </form>
    </section>
  `
}

// The provider may have asked weeks ago: this makes it ask again.
const providerProof = html`<section class="card" aria-labelledby="confirm">
  <h2 id="confirm">Confirm that it is you</h2>
  <p class="quiet">Some things ask for it when you signed in long ago.</p>
  <a class="button plain" href="/auth/oauth/idp?reauthenticate=yes">Sign in with the identity provider once more</a>
</section>`

function emailField(value: string): Html {
  return html`<label>
    E-mail address
    <input type="email" name="email" autocomplete="username" required maxlength="254" value="${value}" />
  </label>`
}

interface PasswordField {
  readonly label: string
  readonly name: string
  readonly kind: 'current-password' | 'new-password'
  readonly hint?: string
}

function passwordField({ label, name, kind, hint }: PasswordField): Html {
  const least = kind === 'new-password' && html` minlength="8"`
  return html`<label>
    ${label}
    <input type="password" name="${name}" autocomplete="${kind}" required maxlength="256" ${least} />
    ${hint !== undefined && html`<span class="hint">${hint}</span>`}
  </label>`
}

function ago(at: number, now: number): Html {
  return html`<time datetime="${new Date(at * 1000).toISOString()}">${agoText(at, now)}</time>`
}

function agoText(at: number, now: number): string {
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  const age = Math.max(0, now - at)
  if (age < 60) return 'just now'
  if (age < 3600) return words.format(-Math.floor(age / 60), 'minute')
  if (age < 86_400) return words.format(-Math.floor(age / 3600), 'hour')
  return words.format(-Math.floor(age / 86_400), 'day')
}
