import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import './style.css'

export const metadata: Metadata = { icons: { icon: 'data:,' } }
export const viewport: Viewport = { colorScheme: 'light dark' }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        {children}
        <footer>An example app. Everything on this page works without JavaScript.</footer>
      </body>
    </html>
  )
}
