/** What a step of `pnpm check` is, and the step that runs one program. */
import { run } from '../workspace.ts'

/** Answers with what is wrong, one line each; nothing: all is well. */
export type Step = () => Promise<string[]>

/** A step that holds when the program ends well; otherwise it says what the program said. `cwd`: default the root. */
export function program(name: string, args: readonly string[], options: { readonly cwd?: string } = {}): Step {
  return async () => {
    const { status, output } = await run(name, args, { ...options, env: { NO_COLOR: '1', FORCE_COLOR: '0' } })
    if (status === 0) return []
    const said = output.split('\n').filter((line) => line.trim() !== '')
    return said.length > 0 ? said : [`${name} ended with status ${status}`]
  }
}
