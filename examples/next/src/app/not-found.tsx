import { Header } from '../components/header.tsx'

export default function NotFound() {
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
