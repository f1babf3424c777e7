import { readdirSync } from 'node:fs'
import { configDefaults, defineConfig } from 'vitest/config'

const source = (path: string): string => new URL(path, import.meta.url).pathname

const packages = readdirSync(new URL('packages', import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: '#portable-digests', replacement: source('packages/core/src/portable-digests.ts') },
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
    globalSetup: ['packages/engines/src/global-setup.ts'],
    include: ['packages/*/src/**/*.test.ts', 'examples/*/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Those look at what `next build` made, or take long: `pnpm test:built`.
    exclude: [...configDefaults.exclude, '**/*.built.test.ts'],
    // Half of the suites' time is waiting for servers and processes, so there are more workers than cores.
    maxWorkers: '200%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
