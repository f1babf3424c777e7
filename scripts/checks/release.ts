/** Whether a release can be made: `changeset version`, as the release workflow runs it, on a copy of what it reads. */
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { published } from '../pack.ts'
import { root } from '../workspace.ts'
import { program, type Step } from './step.ts'

/** What `changeset version` reads. */
const read = ['package.json', 'pnpm-workspace.yaml', '{packages,examples}/*/package.json', 'bench/package.json']

/** A change of one package only: the others, the starters' exact versions above all, have to come along. */
const change = `---\n'@tessera-auth/core': patch\n---\n\nA change.\n`

/** Not `changeset status`: that asks git where the branch left main, which a shallow clone cannot say. */
export const release: Step = async () => {
  const { fixed } = JSON.parse(readFileSync(join(root, '.changeset/config.json'), 'utf8'))
  const names = published().map(({ manifest }) => manifest.name)
  const wrong = groupProblems(fixed, names)
  return wrong.length > 0 ? wrong : versionProblems(names)
}

/** The published packages are one group, by their names: a pattern would take in private ones, which have no version. */
export function groupProblems(fixed: readonly (readonly string[])[], names: readonly string[]): string[] {
  const group = fixed.flat()
  return [
    ...names.filter((name) => !group.includes(name)).map((name) => `${name} is published, but not in fixed`),
    ...group.filter((name) => !names.includes(name)).map((name) => `${name} is in fixed, but not published`),
    ...(fixed.length === 1 ? [] : [`fixed has ${fixed.length} groups instead of one`]),
  ].map((problem) => `.changeset/config.json: ${problem}`)
}

async function versionProblems(names: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'release-'))
  try {
    cpSync(join(root, '.changeset'), join(folder, '.changeset'), { recursive: true })
    for (const path of globSync(read, { cwd: root })) cpSync(join(root, path), join(folder, path))
    writeFileSync(join(folder, '.changeset/check.md'), change)
    const before = versions(root)
    const failed = await program('changeset', ['version'], { cwd: folder })()
    return failed.length > 0 ? failed : unevenVersions(names, before, versions(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function versions(folder: string): Map<string, string | undefined> {
  const manifests = globSync('packages/*/package.json', { cwd: folder })
  return new Map(
    manifests.map((path) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, path), 'utf8'))
      return [name, version]
    }),
  )
}

/** After a release all published packages have one new version, and the private ones what they had. */
export function unevenVersions(
  names: readonly string[],
  before: ReadonlyMap<string, string | undefined>,
  after: ReadonlyMap<string, string | undefined>,
): string[] {
  const next = after.get(names[0] ?? '')
  return [...after].flatMap(([name, version]) => {
    const isPublished = names.includes(name)
    if (!isPublished) return version === before.get(name) ? [] : [`${name} is private, and would become ${version}`]
    if (version === before.get(name)) return [`${name} would stay ${version}`]
    return version === next ? [] : [`${name} would become ${version}, and ${names[0]} ${next}`]
  })
}
