import type { UserSession } from '@tessera-auth/core'
import { changePassword, deleteAccount, reauthenticate } from '../actions.ts'
import type { User } from '../users.ts'
import { ActionForm } from './action-form.tsx'
import { Ago } from './ago.tsx'
import { Devices } from './devices.tsx'
import { PasswordField, UserName } from './fields.tsx'

/** Somebody who is signed in. */
export interface SignedInProps {
  readonly user: User
  readonly current: UserSession<unknown>
  readonly sessions: readonly UserSession<unknown>[]
  /** A command that calls the API with an access token. */
  readonly command: string
  /** Epoch seconds. */
  readonly now: number
}

/** What somebody who is signed in sees. */
export function SignedIn({ user, current, sessions, command, now }: SignedInProps) {
  const isFederated = current.methods.includes('fed')
  return (
    <>
      <h1>{user.email ?? 'Hello'}</h1>
      <p className="lead">
        Signed in <Ago at={current.authenticatedAt} now={now} />
        {isFederated && ', with the identity provider'}.
      </p>
      <Devices sessions={sessions} currentId={current.id} now={now} />
      <section className="card" aria-labelledby="token">
        <h2 id="token">An access token to try</h2>
        <p className="quiet">
          Signed for you a moment ago, good for minutes, dead as soon as you sign out. Paste this into a terminal:
        </p>
        <pre tabIndex={0} role="region" aria-label="Command with an access token">
          {command}
        </pre>
        <p className="quiet">
          {!isFederated && <a href="/auth/oauth/idp">Connect the identity provider</a>}
          {!isFederated && ', then '}
          <a href="/api/upstream">{isFederated ? 'Ask the identity provider' : 'ask it'} who you are</a>.
        </p>
      </section>
      <div className="cards">
        {user.passwordHash === null ? <ProviderProof /> : <PasswordForms email={user.email} />}
        <section className="card" aria-labelledby="delete">
          <h2 id="delete">Delete this account</h2>
          <p className="quiet">Removes you and signs out all your devices. It cannot be undone.</p>
          <ActionForm action={deleteAccount}>
            <details>
              <summary>I want to delete it</summary>
              <button className="danger">Delete my account for good</button>
            </details>
          </ActionForm>
        </section>
      </div>
    </>
  )
}

/** The provider may have asked weeks ago: this makes it ask again. */
function ProviderProof() {
  return (
    <section className="card" aria-labelledby="confirm">
      <h2 id="confirm">Confirm that it is you</h2>
      <p className="quiet">Some things ask for it when you signed in long ago.</p>
      <a className="button plain" href="/auth/oauth/idp?reauthenticate=yes">
        Sign in with the identity provider once more
      </a>
    </section>
  )
}

function PasswordForms({ email }: { email: string | null }) {
  return (
    <>
      <section className="card" aria-labelledby="change">
        <h2 id="change">Change password</h2>
        <ActionForm action={changePassword}>
          <UserName email={email} />
          <PasswordField label="Current password" name="currentPassword" kind="current-password" />
          <PasswordField
            label="New password"
            name="newPassword"
            kind="new-password"
            hint="Signs out all your other devices."
          />
          <button>Change it</button>
        </ActionForm>
      </section>
      <section className="card" aria-labelledby="confirm">
        <h2 id="confirm">Confirm that it is you</h2>
        <p className="quiet">Some things ask for it when you signed in long ago.</p>
        <ActionForm action={reauthenticate}>
          <UserName email={email} />
          <PasswordField label="Password" name="password" kind="current-password" />
          <button>Confirm</button>
        </ActionForm>
      </section>
    </>
  )
}
