#!/usr/bin/env node
/** `npm create @tessera-auth@latest`: asks what it was not told, writes a starter, and says what comes next. */
import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { choiceOf, databases, frameworks } from './choices.js'
import { nextSteps } from './next-steps.js'
import { writeStarter } from './starter.js'

const usage = `npm create @tessera-auth@latest FOLDER -- [options]

  --framework  ${frameworks.join(' | ')}
  --database   ${databases.join(' | ')}   (default: sqlite)
  --redis      keep sessions in Redis
  --issuer     an OpenID provider's URL (default: a local one that signs in anybody, to try things out)
`

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    // npm takes the `--` away that comes before our options; pnpm, yarn and npx hand it on.
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      framework: { type: 'string' },
      database: { type: 'string' },
      redis: { type: 'boolean' },
      issuer: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return void stdout.write(usage)
  if (positionals.length > 1)
    throw new Error(
      `Expected one folder, received ${positionals.join(' ')}: all else is told by options, such as --framework`,
    )
  const folder = positionals[0] ?? (await ask('Folder', 'my-app'))
  const framework = read(
    'framework',
    frameworks,
    values.framework ?? (await ask(choice('Framework', frameworks), 'express')),
  )
  const database = read('database', databases, values.database ?? (await ask(choice('Database', databases), 'sqlite')))
  writeStarter({ folder, framework, database, redis: values.redis ?? false, issuer: values.issuer ?? null })
  stdout.write(nextSteps({ folder, framework, nodeVersion: process.versions.node }))
}

function choice(what: string, choices: readonly string[]): string {
  return `${what} (${choices.join(', ')})`
}

/** What a person types; the usual answer where nobody sits. */
async function ask(question: string, usual: string): Promise<string> {
  if (!stdin.isTTY) return usual
  const lines = createInterface({ input: stdin, output: stdout })
  const answer = await lines.question(`${question} [${usual}]: `)
  lines.close()
  return answer.trim() || usual
}

function read<Choice extends string>(option: string, choices: readonly Choice[], text: string): Choice {
  const found = choiceOf(choices, text)
  if (found === null) throw new Error(`--${option}: expected ${choices.join(', ')}, received ${text}`)
  return found
}
