/** How a built folder takes the place of an older one while processes run from it: new files first, old ones away last. */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/**
 * Moves the files of `aside` into `target`, each at once as a whole, and answers their paths there. Chunks go before the
 * entry points that import them; nothing is removed. Both folders are on one file system.
 */
export function putInPlace(aside: string, target: string): string[] {
  const isChunk = (path: string): boolean => path.startsWith(`chunks${sep}`)
  const paths = filesIn(aside).sort((one, other) => Number(isChunk(other)) - Number(isChunk(one)))
  for (const path of paths) {
    mkdirSync(dirname(join(target, path)), { recursive: true })
    renameSync(join(aside, path), join(target, path))
  }
  return paths
}

/** Removes every file of `folder` that `keep` does not keep, by its path there. */
export function removeOthers(folder: string, keep: (path: string) => boolean): void {
  for (const path of filesIn(folder)) if (!keep(path)) rmSync(join(folder, path))
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}
