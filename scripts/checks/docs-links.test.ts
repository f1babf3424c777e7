/**
 * Links of the pages that are on the site too. What is not on it would be copied there raw, with links of its own that lead
 * nowhere; so a page names the repository for it.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace.ts'

const pages = globSync(['README.md', 'docs/guide/*.md', 'packages/*/README.md'], { cwd: root })
const repository = /^https:\/\/github\.com\/tessera-auth\/tessera\/(?:blob|tree)\/main\//
/** Pages, pictures, and packages, whose page is their reference. */
const onSite = /^(?:docs\/guide\/[^/]+\.md|docs\/images\/[^/]+|packages\/[^/]+)$/

test.each(pages)('%s leads to what is there', (page) => {
  const gone = linksOf(page).filter((path) => !existsSync(join(root, path)))
  expect(gone).toEqual([])
})

test.each(pages)('%s names the repository for what is not on the site', (page) => {
  const raw = linksOf(page, { relativeOnly: true }).filter((path) => !onSite.test(path))
  expect(raw).toEqual([])
})

/** Paths in the repository that a page links to. */
function linksOf(page: string, { relativeOnly = false } = {}): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  const targets = Array.from(text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g), ([, target = '']) => target)
  return targets.flatMap((target) => {
    if (repository.test(target)) return relativeOnly ? [] : [target.replace(repository, '')]
    if (/^[a-z]+:/.test(target)) return []
    return [relative(root, join(root, dirname(page), target))]
  })
}
