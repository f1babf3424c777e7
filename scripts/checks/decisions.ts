/** Every decision is in the index, has a number of its own, and says when to look at it again. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../workspace.ts'
import type { Step } from './step.ts'

const folder = 'docs/decisions'

/** Problems are named by file. */
export const decisions: Step = async () => {
  const index = readFileSync(join(root, folder, 'README.md'), 'utf8')
  const names = readdirSync(join(root, folder)).filter((name) => name !== 'README.md')
  const numbers = names.map((name) => name.slice(0, 3))
  return names.flatMap((name) => {
    const problems: string[] = []
    if (!/^\d{3}-[a-z0-9-]+\.md$/.test(name)) problems.push('is not named NNN-what-was-decided.md')
    if (!index.includes(`(${name})`)) problems.push('is not in the index, README.md')
    if (numbers.filter((number) => number === name.slice(0, 3)).length > 1) problems.push('shares its number')
    if (!/revisit/i.test(readFileSync(join(root, folder, name), 'utf8'))) problems.push('does not say when to revisit')
    return problems.map((problem) => `${folder}/${name} ${problem}`)
  })
}
