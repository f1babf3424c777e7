import type { UserSession } from '@tessera-auth/core'
import { endOtherSessions, endSession } from '../actions.ts'
import { ActionForm } from './action-form.tsx'
import { Ago, agoText } from './ago.tsx'

interface DevicesProps {
  readonly sessions: readonly UserSession<unknown>[]
  readonly currentId: string
  readonly now: number
}

/** Where somebody is signed in. */
export function Devices({ sessions, currentId, now }: DevicesProps) {
  return (
    <section className="card" aria-labelledby="devices">
      <h2 id="devices">Your devices</h2>
      <ul className="devices">
        {sessions.map((session) => (
          <Device key={session.id} session={session} isCurrent={session.id === currentId} now={now} />
        ))}
      </ul>
      {sessions.length > 1 && (
        <ActionForm action={endOtherSessions}>
          <button className="danger">Sign out all other devices</button>
        </ActionForm>
      )}
    </section>
  )
}

function Device({ session, isCurrent, now }: { session: UserSession<unknown>; isCurrent: boolean; now: number }) {
  const { id, createdAt, lastSeenAt, device } = session
  const name = `Sign out ${device.label}, signed in ${agoText(createdAt, now)}`
  return (
    <li>
      <div className="about">
        <b>
          {device.label}
          {isCurrent && <span className="badge">this device</span>}
        </b>
        <span className="quiet">
          {isCurrent ? 'In use now' : 'Last used '}
          {!isCurrent && <Ago at={lastSeenAt} now={now} />}, signed in <Ago at={createdAt} now={now} />
        </span>
      </div>
      <ActionForm action={endSession}>
        <input type="hidden" name="id" value={id} />
        <button className="plain" aria-label={name}>
          Sign out
        </button>
      </ActionForm>
    </li>
  )
}
