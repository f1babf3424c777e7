/** Members of the public interfaces and classes that say nothing about themselves. */
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'
import { at, type SourceFile } from './source-file.ts'

/** `files`: all shipped files of one package; what its index files export, directly or not, is public. */
export function memberProblems(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const seen = new Set<ts.Statement>()
  const entries = files.filter(({ path }) => path.endsWith('/index.ts'))
  const exported = entries.flatMap((entry) => exportsOf(entry, null, byPath))
  return exported.flatMap(({ file, statement }) => {
    if (seen.has(statement)) return []
    seen.add(statement)
    return silentMembers(file, statement)
  })
}

interface Exported {
  readonly file: SourceFile
  readonly statement: ts.Statement
}

/** The declarations behind the names that a file exports; `names` null: all of them. */
function exportsOf(
  file: SourceFile,
  names: ReadonlySet<string> | null,
  byPath: ReadonlyMap<string, SourceFile>,
): Exported[] {
  return file.syntax.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement)) {
      return names === null || names.has(nameOf(statement)) ? [{ file, statement }] : []
    }
    const target = targetOf(file, statement, byPath)
    if (!target) return []
    const clause = statement.exportClause
    if (!clause || !ts.isNamedExports(clause)) return exportsOf(target, names, byPath)
    const taken = clause.elements.filter((element) => names === null || names.has(element.name.text))
    return exportsOf(target, new Set(taken.map((element) => (element.propertyName ?? element.name).text)), byPath)
  })
}

function targetOf(
  file: SourceFile,
  statement: ts.ExportDeclaration,
  byPath: ReadonlyMap<string, SourceFile>,
): SourceFile | undefined {
  const specifier = statement.moduleSpecifier
  if (!specifier || !ts.isStringLiteral(specifier)) return undefined
  return byPath.get(normalize(join(dirname(file.path), specifier.text)).replace(/\.js$/, '.ts'))
}

function nameOf(statement: ts.Statement): string {
  const isNamed = ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement)
  return isNamed ? (statement.name?.text ?? '') : ''
}

function silentMembers(file: SourceFile, statement: ts.Statement): string[] {
  if (!ts.isInterfaceDeclaration(statement) && !ts.isClassDeclaration(statement)) return []
  const members: readonly ts.Node[] = statement.members
  return members
    .filter((member) => !isHidden(member) && ts.getJSDocCommentsAndTags(member).length === 0)
    .map((member) => `${at(file, member)} has no docstring: ${nameOf(statement)}.${memberName(member)}`)
}

function isHidden(member: ts.Node): boolean {
  if (ts.isConstructorDeclaration(member)) return true
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : []
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.OverrideKeyword)
}

function memberName(member: ts.Node): string {
  return ts.isPropertySignature(member) || ts.isMethodSignature(member) ? member.name.getText() : member.getText()
}
