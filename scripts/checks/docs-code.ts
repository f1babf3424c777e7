/**
 * The code in README.md, docs/guide and the packages' READMEs compiles. Each ```ts block is a module of its own; one
 * that begins with `// name.ts` is that file, for the blocks of the same page to import. Every page also has the files
 * of docs/snippets, which are what it takes for granted: the app's own user table, and the app itself.
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packages, root, run, typescript } from '../workspace.ts'
import type { Step } from './step.ts'

const pages = ['README.md', 'docs/guide/**/*.md', 'packages/*/README.md']
/** A folder of this process: others may check at the same time. */
const folder = join(root, 'docs/.snippets', String(process.pid))
const fence = /^```(tsx?)[^\n]*\n(.*?)^```$/gms

interface Place {
  readonly page: string
  readonly line: number
}

/** One block of code, and where it stands. */
export interface Snippet {
  /** Where it is written to, relative to the page's folder. */
  readonly name: string
  readonly code: string
  readonly line: number
}

/** Problems are named by page and line. */
export const docsCode: Step = async () => {
  rmSync(folder, { recursive: true, force: true })
  try {
    const places = writeAll()
    linkDependencies()
    return await compile(places)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The blocks of a page. */
export function snippetsOf(markdown: string): Snippet[] {
  return Array.from(markdown.matchAll(fence), (block, index) => {
    const [, kind = 'ts', code = ''] = block
    const named = /^\/\/ ([\w./[\]-]+\.tsx?)\b/.exec(code)
    const line = markdown.slice(0, block.index).split('\n').length + 1
    const name = named?.[1] ?? `block-${index + 1}.${kind}`
    // Next's '@/auth' is the page's own file auth.ts.
    const top = relative(dirname(name), '.') || '.'
    return { name, code: `${code.replace(/'@\/([^']+)'/g, `'${top}/$1.js'`)}export {}\n`, line }
  })
}

/** Writes every block of every page; where each one stands, by its path in the folder. */
function writeAll(): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const page of globSync(pages, { cwd: root, exclude: ['**/node_modules/**'] })) {
    const snippets = snippetsOf(readFileSync(join(root, page), 'utf8'))
    const home = page.replaceAll('/', '-').replace(/\.md$/, '')
    if (snippets.length > 0) cpSync(join(root, 'docs/snippets'), join(folder, home), { recursive: true })
    for (const { name, code, line } of snippets) {
      const path = join(home, name)
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), code)
      places.set(path, { page, line })
    }
  }
  return places
}

async function compile(places: ReadonlyMap<string, Place>): Promise<string[]> {
  if (places.size === 0) return []
  const config = join(folder, 'tsconfig.json')
  writeFileSync(config, JSON.stringify(configuration([...places.keys()])))
  const { output } = await run('node', [typescript, '-p', config])
  // What is wrong in the packages themselves is said by the step `types`.
  return output
    .split('\n')
    .filter((line) => line.includes('.snippets/'))
    .map((line) => rename(line, places))
}

function configuration(files: readonly string[]): object {
  return {
    extends: '../../../tsconfig.json',
    compilerOptions: { incremental: false, jsx: 'preserve', rootDir: root },
    files,
    include: [],
  }
}

/** Pages may import whatever some package or example of the workspace does: the folder gets links to all of it. */
function linkDependencies(): void {
  const examples = globSync('examples/*/node_modules', { cwd: root }).map((path) => join(root, path))
  const homes = [...packages().map((one) => join(one.folder, 'node_modules')), ...examples]
  for (const home of homes) {
    for (const path of globSync(['[a-z]*', '@*/*'], { cwd: home })) {
      const link = join(folder, 'node_modules', path)
      if (path.startsWith('@tessera-auth/') || existsSync(link)) continue
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(home, path), link)
    }
  }
}

/** `docs/.snippets/1/README/block-1.ts(3,5): error …` becomes `README.md:12 error …`. */
function rename(problem: string, places: ReadonlyMap<string, Place>): string {
  const [, path = '', line = '0', rest = ''] = /\.snippets\/\d+\/(.*?)\((\d+),\d+\): (.*)$/.exec(problem) ?? []
  const place = places.get(path)
  return place ? `${place.page}:${place.line + Number(line) - 1} ${rest}` : problem
}
