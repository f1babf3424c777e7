/** A secret that the app makes and keeps itself where none is configured: for trying it out on one machine. */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the app keeps what it makes itself; not in version control. The app is started in its own folder. */
export const dataFolder: string = join(process.cwd(), '.data')

/** The kept secret, made at the first start. Of several processes that start at once, one makes it. */
export function keptSecret(name: string): { readonly secret: string; readonly file: string } {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const file = join(dataFolder, name)
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 })
  try {
    linkSync(draft, file) // appears whole or not at all, and never over another
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return { secret: readFileSync(file, 'utf8'), file }
}
