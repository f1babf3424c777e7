/** The arrows of ARCHITECTURE.md, as the check step sees them. */
import { describe, expect, it } from 'vitest'
import type { Manifest } from '../workspace.ts'
import { importProblems } from './import-direction.ts'
import { parseSource } from './source-file.ts'

const coreExports = { '.': './dist/index.js', './http': './dist/http/index.js' }
const manifests = new Map<string, Manifest>([
  ['core', { name: '@tessera-auth/core', exports: coreExports }],
  ['express', { name: '@tessera-auth/express', peerDependencies: { '@tessera-auth/core': '*', express: '*' } }],
  ['testing', { name: '@tessera-auth/testing', peerDependencies: { '@tessera-auth/core': '*', vitest: '*' } }],
  ['store-sql', { name: '@tessera-auth/store-sql', peerDependencies: { '@tessera-auth/core': '*' } }],
])
const problems = (path: string, text: string): string[] => importProblems(parseSource(path, text), manifests)

describe('inside core', () => {
  it('lets the session part import the store part', () => {
    expect(problems('packages/core/src/session/sessions.ts', `import { a } from '../store/records.js'`)).toEqual([])
  })

  it.each([
    ['session/sessions.ts', '../token/token-issuer.js'],
    ['token/key-ring.ts', '../oauth/oauth-client.js'],
    ['store/records.ts', '../session/session.js'],
    ['internal/equal.ts', '../store/store.js'],
    ['session/policy.ts', '../http/csrf.js'],
    ['cookie/cookie.ts', '../index.js'],
  ])('refuses %s importing %s', (from, to) => {
    const text = `/** doc */\nimport type { A } from '${to}'`
    expect(problems(`packages/core/src/${from}`, text)).toEqual([
      expect.stringContaining(`packages/core/src/${from}:2 imports ${to}`),
    ])
  })

  it('sees re-exports, dynamic imports and import types', () => {
    const text = `export * from '../http/a.js'\nawait import('../http/b.js')\ntype C = import('../http/c.js').C`
    expect(problems('packages/core/src/token/x.ts', text)).toHaveLength(3)
  })

  it('refuses a folder that has no place in the arrows', () => {
    expect(problems('packages/core/src/misc/x.ts', `import '../store/store.js'`)).toHaveLength(1)
  })

  it('refuses modules of one runtime', () => {
    expect(problems('packages/core/src/platform.ts', `import { hash } from 'node:crypto'`)).toHaveLength(1)
  })

  it('lets a test import any part', () => {
    expect(problems('packages/core/src/store/a.test.ts', `import { a } from '../http/csrf.js'`)).toEqual([])
  })
})

describe('between packages', () => {
  it.each([
    ['packages/express/src/index.ts', `import { a } from '@tessera-auth/core'`],
    ['packages/express/src/index.ts', `import { a } from '@tessera-auth/core/session'`],
    ['packages/store-sql/src/index.ts', `import { memoryStore } from '@tessera-auth/core/store'`],
    ['packages/store-sql/src/index.ts', `import * as core from '@tessera-auth/core'`],
    ['packages/store-redis/src/index.ts', `import { systemPlatform, csrfGuard } from '@tessera-auth/core/http'`],
    ['packages/store-sql/src/index.ts', `import type { A } from '@tessera-auth/core/session'`],
    ['packages/testing/src/index.ts', `import { expressAdapter } from '@tessera-auth/express'`],
    ['packages/core/src/index.ts', `import { testPlatform } from '@tessera-auth/testing'`],
    ['packages/express/src/a.test.ts', `import { a } from '../../core/src/index.js'`],
    ['examples/express/src/server.ts', `import { a } from '@tessera-auth/core/internal'`],
    ['examples/express/src/server.ts', `import { a } from '../../../packages/core/src/index.ts'`],
    ['bench/src/token.ts', `import { a } from '../../packages/core/src/token/a.ts'`],
  ])('refuses in %s: %s', (path, text) => {
    expect(problems(path, text)).toHaveLength(1)
  })

  it.each([
    ['packages/express/src/index.ts', `import { a } from '@tessera-auth/core/http'\nimport express from 'express'`],
    ['packages/store-sql/src/index.ts', `import type { Store } from '@tessera-auth/core/store'`],
    ['packages/store-sql/src/index.ts', `import { StoreError, type Store } from '@tessera-auth/core'`],
    ['packages/store-redis/src/index.ts', `import { systemPlatform } from '@tessera-auth/core/http'`],
    ['packages/express/src/a.test.ts', `import { describeAdapter } from '@tessera-auth/testing'`],
    ['examples/express/src/server.ts', `import { a } from '@tessera-auth/core/http'`],
    ['examples/express/src/server.ts', `import { a } from './settings.ts'`],
    ['bench/src/token.ts', `import { a } from '../../packages/core/src/token/fixtures/a.ts'`],
  ])('allows in %s: %s', (path, text) => {
    expect(problems(path, text)).toEqual([])
  })
})
