import type { ReactNode } from 'react'

/** The head of every page. */
export function Header({ children }: { children?: ReactNode }) {
  return (
    <header>
      <strong>Tessera example</strong>
      {children}
    </header>
  )
}
