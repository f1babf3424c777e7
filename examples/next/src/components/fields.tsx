/** The fields that several forms have. */
'use client'

import { useContext } from 'react'
import { FormAnswer } from './action-form.tsx'

/** An e-mail address. It stays when the form was refused, though React empties forms. */
export function EmailField() {
  const typed = useContext(FormAnswer)?.email
  return (
    <label>
      E-mail address
      <input type="email" name="email" autoComplete="username" required maxLength={254} defaultValue={typed} />
    </label>
  )
}

interface PasswordFieldProps {
  readonly label: string
  readonly name: string
  readonly kind: 'current-password' | 'new-password'
  readonly hint?: string
}

/** A password, the one there is or a new one. */
export function PasswordField({ label, name, kind, hint }: PasswordFieldProps) {
  const least = kind === 'new-password' ? { minLength: 8 } : {}
  return (
    <label>
      {label}
      <input type="password" name={name} autoComplete={kind} required maxLength={256} {...least} />
      {hint !== undefined && <span className="hint">{hint}</span>}
    </label>
  )
}

/** Lets password managers know whose password a form is about. */
export function UserName({ email }: { email: string | null }) {
  return <input type="hidden" name="username" autoComplete="username" value={email ?? ''} />
}
