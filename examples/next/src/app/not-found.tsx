import type { Metadata } from 'next'
import { connection } from 'next/server'
import { Header } from '../components/header.tsx'

export const metadata: Metadata = { title: 'Not found · Tessera example' }

export default async function NotFound() {
  await connection() // made ahead, it would be kept by caches, and have no nonce
  return (
    <>
      <Header />
      <main>
        <h1>There is nothing here</h1>
        <p className="lead">The address may have changed.</p>
        <p>
          <a href="/">Go to the start</a>
        </p>
      </main>
    </>
  )
}
