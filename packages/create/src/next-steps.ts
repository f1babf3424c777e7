/** What is said once a starter is written. */
import type { Framework } from './choices.js'

/** The first Node that runs TypeScript as it is. */
export const oldestNode = '22.18'

/** Where a starter was written, and by which Node. */
export interface WrittenStarter {
  readonly folder: string
  readonly framework: Framework
  readonly nodeVersion: string
}

/** The commands that start it; and of a Node that cannot, what it takes. */
export function nextSteps({ folder, framework, nodeVersion }: WrittenStarter): string {
  const build = framework === 'next' ? '  npm run build\n' : ''
  const steps = `\nDone. Now:\n\n  cd ${quoted(folder)}\n  npm install\n${build}  npm start\n`
  if (!isOlder(nodeVersion, oldestNode)) return steps
  return `${steps}\nThis is Node ${nodeVersion}, which cannot start it: that takes Node ${oldestNode} or newer.\n`
}

/** As a shell takes it for one word. cmd.exe knows double quotes only, and no folder has them there. */
function quoted(folder: string): string {
  if (/^[\w./@-]+$/.test(folder)) return folder
  return process.platform === 'win32' ? `"${folder}"` : `'${folder.replaceAll("'", "'\\''")}'`
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0
}
