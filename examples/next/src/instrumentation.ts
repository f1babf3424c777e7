/** Next calls this once when it starts: a bad setting stops the start, and not the first visitor. */

/** Opens the app. Under server.ts it is open already. */
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return
  const [{ runningApp }, { endStart }] = await Promise.all([import('./running-app.ts'), import('./start-failure.ts')])
  // Next would go on and answer 500, whatever is thrown here.
  await runningApp().catch(endStart)
}
