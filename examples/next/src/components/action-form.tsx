'use client'

import { createContext, type ReactNode, useActionState } from 'react'
import type { FormState } from '../form-state.ts'
import { Notice } from './notice.tsx'

/** What the form around a field was told; `null`: nothing yet. */
export const FormAnswer = createContext<FormState | null>(null)

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
      {state && <Notice message={state.message} reasons={state.reasons} />}
      <FormAnswer value={state}>{children}</FormAnswer>
    </form>
  )
}
