/** How a start ends that cannot go on. */

/** Says why, in one line for whoever started it, and ends the process. */
export function endStart(error: unknown): never {
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  // By their names: what opens the stores is in a bundle, and has classes of its own.
  const isClear = ['SettingError', 'ConfigError'].includes(name)
  console.error(isClear ? message : `The app could not start: ${message}`)
  process.exit(1)
}
