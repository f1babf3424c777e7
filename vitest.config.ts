import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** What takes longest, longest first: begun last, these would each run alone at the end. */
const longest = [
  'examples/express/src/reference-app.test.ts',
  'packages/store-sql/src/migrate-kills.test.ts',
  'packages/core/src/token/refresh-processes.test.ts',
  'packages/store-sql/src/session-kills.test.ts',
  'packages/store-sql/src/postgres-bus.test.ts',
  'packages/store-sql/src/sqlite-handles.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((path) => moduleId.endsWith(path))
      return found < 0 ? longest.length : found
    }
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other))
  }
}

const packages = readdirSync(new URL('packages', import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@tessera-auth\/core\/(session|token|oauth|store|http)$/,
        replacement: source('packages/core/src/$1/index.ts'),
      },
      ...packages.map((name) => ({
        find: `@tessera-auth/${name}`,
        replacement: source(`packages/${name}/src/index.ts`),
      })),
    ],
  },
  test: {
    // Suites start hundreds of processes, and for an app reading and compiling its modules is half of what a start costs.
    env: { NODE_COMPILE_CACHE: source('node_modules/.cache/compiled') },
    globalSetup: ['packages/engines/src/global-setup.ts'],
    include: ['packages/*/src/**/*.test.ts', 'examples/*/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Those look at what `next build` made, or take long: `pnpm test:built`.
    exclude: [...configDefaults.exclude, '**/*.built.test.ts'],
    // Suites wait for servers and processes, so there are more workers than cores; as a percentage it would be no more.
    maxWorkers: availableParallelism() * 2,
    // No suite leaves anything behind in its process, and loading everything anew for each took a quarter of the time.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    // What is waited for comes in its own time on a busy machine; a second, the default, is no promise of ours.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
  },
})
