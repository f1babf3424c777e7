/** Writes a starter: the files of an example, and an `.env` with secrets of its own. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Database, Framework } from './choices.js'
import { oldestNode } from './next-steps.js'

/** Options of {@link writeStarter}. */
export interface StarterOptions {
  /** Made when it is not there; has to be empty. */
  readonly folder: string
  /** Which example is copied. */
  readonly framework: Framework
  /** Default: SQLite, which needs no server. */
  readonly database?: Database
  /** Sessions in Redis. Default: in the database. */
  readonly redis?: boolean
  /** An OpenID provider's issuer. Default: a local one, started by the app. */
  readonly issuer?: string | null
}

type Files = Readonly<Record<string, string>>

/** Set in `.env`, to be changed where it is not what is meant. */
const locations: Readonly<Record<Database, string>> = {
  sqlite: 'sqlite:.data/app.db',
  postgres: 'postgres://localhost:5432/app',
  mysql: 'mysql://root@localhost:3306/app',
}

/**
 * Writes the files of a starter. Throws `Error` with a sentence for people when the folder is not empty; then nothing is
 * written.
 *
 * @example
 * ```ts
 * writeStarter({ folder: 'my-app', framework: 'express' })
 * ```
 */
export function writeStarter(options: StarterOptions): void {
  const template = readTemplates()[options.framework]
  const folder = resolve(options.folder)
  mkdirSync(folder, { recursive: true })
  if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty: choose another folder.`)
  const files: Files = {
    ...template,
    '.gitignore': 'node_modules/\n.data/\n.next/\n.env\nnext-env.d.ts\n*.tsbuildinfo\n',
    '.env': environmentFile(options),
    'README.md': readme(basename(folder), options.framework),
  }
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    const text = path === 'package.json' ? named(content, basename(folder)) : content
    writeFileSync(file, text, { mode: path === '.env' ? 0o600 : 0o644, flag: 'wx' })
  }
}

function readTemplates(): Readonly<Record<Framework, Files>> {
  const file = new URL(import.meta.resolve('@tessera-auth/create/templates.json'))
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Names of packages are lower case, and without spaces. */
function named(manifest: string, folder: string): string {
  const name = folder.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, '-')
  return `${JSON.stringify({ name: /^[a-z0-9]/.test(name) ? name : 'app', ...JSON.parse(manifest) }, null, 2)}\n`
}

function environmentFile({ database = 'sqlite', redis = false, issuer = null }: StarterOptions): string {
  const secret = (): string => randomBytes(32).toString('base64url')
  const lines = [
    '# Every setting, with its default, is in src/config.ts.',
    'PORT=3000',
    'ORIGIN=http://localhost:3000',
    `DATABASE_URL=${locations[database]}`,
    ...(redis ? ['REDIS_URL=redis://localhost:6379'] : []),
    '# Newest first, with commas. Add a new one everywhere as the last one, then put it first, then remove the old one.',
    `APP_SECRETS=${secret()}`,
    '# A further secret in every password hash: without it no password can be checked any more.',
    `PASSWORD_PEPPER=${secret()}`,
    ...(issuer === null
      ? ['# IDP_ISSUER=']
      : [
          `IDP_ISSUER=${issuer}`,
          'IDP_CLIENT_ID=change-me',
          '# Where the provider gave the client a secret; an empty one is refused.',
          '# IDP_CLIENT_SECRET=',
        ]),
  ]
  return `${lines.join('\n')}\n`
}

function readme(name: string, framework: Framework): string {
  const build = framework === 'next' ? 'npm run build\n' : ''
  return `# ${name}

Sign-up and sign-in by password, sign-in with an OpenID provider, a list of devices to sign out, and access tokens for APIs,
with [Tessera](https://tessera-auth.github.io/tessera/).

\`\`\`sh
npm install
${build}npm start
\`\`\`

It needs Node ${oldestNode} or newer, and prints \`ready http://localhost:3000\`. Settings and secrets are in \`.env\`, which stays out of
version control; every setting that there is stands in \`src/config.ts\`. The users are in \`src/users.ts\`: that is what you
replace first. Without \`IDP_ISSUER\` a local identity provider is started that signs in whoever is named on its page; it is
in \`identity-provider/\`, and goes before you publish anything.
`
}
