'use client'

import { type ReactNode, useActionState } from 'react'
import type { FormState } from '../form-state.ts'
import { Notice } from './notice.tsx'

/** A form that a Server Action answers. Without JavaScript the browser posts it, and Next renders the page with the answer. */
export function ActionForm({
  action,
  children,
}: {
  action: (state: FormState | null, form: FormData) => Promise<FormState>
  children: ReactNode
}) {
  const [state, submit] = useActionState(action, null)
  return (
    <form action={submit}>
      {state && <Notice {...state} />}
      {children}
    </form>
  )
}
