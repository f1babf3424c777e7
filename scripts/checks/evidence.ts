/** The tests that the guide's trade-offs rest on are there: every file named, and every title quoted after it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../workspace.ts'
import type { Step } from './step.ts'

const page = 'docs/guide/trade-offs.md'
/** `path` "part of a title" */
const cited = /`((?:packages|examples|bench)\/[^`]+)`(?: "([^"]+)")?/g

/** Problems name what is cited and gone. */
export const evidence: Step = async () => {
  const text = readFileSync(join(root, page), 'utf8')
  return Array.from(text.matchAll(cited)).flatMap(([, path = '', title]) => {
    if (!existsSync(join(root, path))) return [`${page} names ${path}, which is not there`]
    if (title === undefined || readFileSync(join(root, path), 'utf8').includes(title)) return []
    return [`${page} quotes "${title}", which ${path} does not have`]
  })
}
