/** Next calls this once before it answers: a bad setting stops the start, and not the first visitor. */

/** Opens the app, and has the visitors' addresses written from then on. */
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return
  const [{ runningApp }, { writeAddresses }] = await Promise.all([
    import('./running-app.ts'),
    import('./write-address.ts'),
  ])
  const { config } = await runningApp()
  writeAddresses(config.trustProxy)
}
