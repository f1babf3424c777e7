/** The pages on errors and events have each code and each type that the source has, and no other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AuthError, type AuthErrorCode } from '@tessera-auth/core'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from '../workspace.ts'

test('errors.md has every AuthErrorCode, with its status', () => {
  const codes = membersOf('packages/core/src/errors.ts', 'AuthErrorCode')
  const rows = rowsOf('docs/guide/errors.md', /^\| `(\w+)` \| (\d{3}) \|/gm)
  expect(rows).toEqual(codes.map((code) => [code, String(new AuthError(code as AuthErrorCode).status)]))
})

test('events.md has every AuthEventType', () => {
  const types = membersOf('packages/core/src/events.ts', 'AuthEventType')
  const rows = rowsOf('docs/guide/events.md', /^\| `(\w+\.\w+)` \|/gm)
  expect(rows.flat().toSorted()).toEqual(types.toSorted())
})

/** The members of a union of texts, as the compiler sees it: in the order of the source. */
function membersOf(path: string, name: string): string[] {
  const program = ts.createProgram([join(root, path)], { noLib: true, noResolve: true })
  const source = program.getSourceFile(join(root, path))
  const found = source?.statements.filter(ts.isTypeAliasDeclaration).find((alias) => alias.name.text === name)
  if (!found) return []
  const type = program.getTypeChecker().getTypeAtLocation(found)
  return type.isUnion() ? type.types.flatMap((member) => (member.isStringLiteral() ? [member.value] : [])) : []
}

function rowsOf(page: string, row: RegExp): string[][] {
  return Array.from(readFileSync(join(root, page), 'utf8').matchAll(row), ([, ...cells]) => cells)
}
