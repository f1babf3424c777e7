/** The library in this app: `readAuth` for components, `getAuth` for actions, `route` for route handlers. */
import { type NextAdapter, nextAdapter } from '@tessera-auth/next'
import type { Cart } from './cart.ts'
import { type RunningApp, runningApp } from './running-app.ts'

/** The app and its door. */
export type App = RunningApp & NextAdapter<Cart>

let adapter: NextAdapter<Cart> | undefined

/** Opens the app, so that nothing is opened while it is built. */
export async function openApp(): Promise<App> {
  const app = await runningApp()
  adapter ??= nextAdapter(app.services.authenticator)
  return { ...app, ...adapter }
}
