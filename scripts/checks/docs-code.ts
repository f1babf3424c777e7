/**
 * The code in README.md, docs/guide and the packages' READMEs compiles. Each ```ts block is a module of its own; one
 * that begins with `// name.ts` is that file, for the blocks of the same page to import. docs/snippets.d.ts declares
 * what pages take for granted, such as the app's own user table.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheFolder, root, run, typescript } from '../workspace.ts'
import type { Step } from './step.ts'

const pages = ['README.md', 'docs/guide/**/*.md', 'packages/*/README.md']
const fence = /^```(tsx?)[^\n]*\n(.*?)^```$/gms

/** One block of code, and where it stands. */
export interface Snippet {
  /** Where it is written to, relative to the page's folder. */
  readonly name: string
  readonly code: string
  readonly line: number
}

/** Problems are named by page and line. */
export const docsCode: Step = async () => {
  const folder = join(root, 'docs/.snippets')
  rmSync(folder, { recursive: true, force: true })
  const places = new Map<string, { page: string; line: number }>()
  for (const page of globSync(pages, { cwd: root, exclude: ['**/node_modules/**'] })) {
    for (const { name, code, line } of snippetsOf(readFileSync(join(root, page), 'utf8'))) {
      const path = join(page.replaceAll('/', '-').replace(/\.md$/, ''), name)
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), code)
      places.set(path, { page, line })
    }
  }
  try {
    return await compile(folder, places)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The blocks of a page. */
export function snippetsOf(markdown: string): Snippet[] {
  return Array.from(markdown.matchAll(fence), ([, kind = 'ts', code = ''], index) => {
    const line = markdown.slice(0, markdown.indexOf(code)).split('\n').length
    const named = /^\/\/ ([\w./[\]-]+\.tsx?)\b/.exec(code)
    return { name: named?.[1] ?? `block-${index + 1}.${kind}`, code: `${code}export {}\n`, line }
  })
}

async function compile(folder: string, places: ReadonlyMap<string, { page: string; line: number }>): Promise<string[]> {
  if (places.size === 0) return []
  mkdirSync(cacheFolder, { recursive: true })
  const config = join(folder, 'tsconfig.json')
  const compilerOptions = {
    noUnusedLocals: false,
    incremental: false,
    composite: false,
    jsx: 'preserve',
    rootDir: root,
    paths: {
      './users.js': [join(root, 'docs/snippets/users.ts')],
      './shared.js': [join(root, 'docs/snippets/shared.ts')],
    },
  }
  writeFileSync(
    config,
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['.', '../snippets'] }),
  )
  const { output } = await run('node', [typescript, '-p', config])
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => rename(line, places))
}

/** `docs/.snippets/README/block-1.ts(3,5): error …` becomes `README.md:12 error …`. */
function rename(problem: string, places: ReadonlyMap<string, { page: string; line: number }>): string {
  const [, path = '', line = '0', rest = ''] = /\.snippets\/(.*?)\((\d+),\d+\): (.*)$/.exec(problem) ?? []
  const place = places.get(path)
  return place ? `${place.page}:${place.line + Number(line) - 1} ${rest}` : problem
}
