/** Next calls this once before it answers: a bad setting stops the start, and not the first visitor. */

/** Opens the app. */
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return
  const { runningApp } = await import('./running-app.ts')
  await runningApp()
}
