/** The whole source under TypeScript 6: by the root's tsconfig, and the examples that have one of their own by theirs. */
import { globSync } from 'node:fs'
import { root, typescript } from '../workspace.ts'
import { program, type Step } from './step.ts'

/** Folders that are checked as their framework wants it. */
const own = ['examples/*/tsconfig.json', 'packages/*/src/fixtures/*/tsconfig.json', 'bench/src/http/*/tsconfig.json']

/** Problems as the compiler says them. */
export const types: Step = async () => {
  const projects = ['.', ...globSync(own, { cwd: root })]
  const found: string[] = []
  for (const project of projects) found.push(...(await program('node', [typescript, '--noEmit', '-p', project])()))
  return found
}
