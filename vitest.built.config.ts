/** The suites that need `next build` first, and those that would make `pnpm test` longer than three minutes; `pnpm test:built` runs them. */
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import shared from './vitest.config.ts'

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['{packages,examples}/*/src/**/*.built.test.ts'],
    exclude: ['**/node_modules/**'],
    hookTimeout: 120_000,
    // An app of Next and a browser leave a core no time for a second suite.
    maxWorkers: availableParallelism(),
  },
})
