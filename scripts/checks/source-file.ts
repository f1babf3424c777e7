/** A TypeScript file read once for all the checks that look at its syntax. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A parsed file, by its path from the root of the repository. */
export interface SourceFile {
  readonly path: string
  readonly syntax: ts.SourceFile
}

/** One import or re-export as written. */
export interface Import {
  readonly specifier: string
  readonly line: number
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean
  /** The names it takes, empty for `*` and for a dynamic import. */
  readonly names: readonly string[]
}

/** Reads and parses a file. */
export function readSource(root: string, path: string): SourceFile {
  return parseSource(path, readFileSync(join(root, path), 'utf8'))
}

/** Parses a text as the file of this path. */
export function parseSource(path: string, text: string): SourceFile {
  return { path, syntax: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true) }
}

/** `path:line`, as editors and terminals understand it. */
export function at(file: SourceFile, node: ts.Node): string {
  return `${file.path}:${lineOf(file, node.getStart())}`
}

/** Every import, re-export, `import()` and `import('…')` type of the file. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = []
  walk(file.syntax, (node) => {
    const specifier = specifierOf(node)
    if (specifier === null) return
    found.push({ specifier, line: lineOf(file, node.getStart()), ...takenBy(node) })
  })
  return found
}

/** Calls `visit` for the node and all below it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

function lineOf(file: SourceFile, position: number): number {
  return file.syntax.getLineAndCharacterOfPosition(position).line + 1
}

function specifierOf(node: ts.Node): string | null {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier)
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? textOf(node.argument.literal) : null
  const dynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
  return dynamic ? textOf(node.arguments[0]) : null
}

function textOf(node: ts.Node | undefined): string | null {
  return node && ts.isStringLiteralLike(node) ? node.text : null
}

function takenBy(node: ts.Node): Pick<Import, 'typeOnly' | 'names'> {
  if (ts.isImportTypeNode(node)) return { typeOnly: true, names: [] }
  if (ts.isExportDeclaration(node)) {
    const elements = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : []
    return take(node.isTypeOnly, [...elements])
  }
  if (!ts.isImportDeclaration(node)) return { typeOnly: false, names: [] }
  const bindings = node.importClause?.namedBindings
  const elements = bindings && ts.isNamedImports(bindings) ? [...bindings.elements] : []
  const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
  return take(typeOnly, node.importClause?.name ? [] : elements)
}

function take(
  wholeIsType: boolean,
  elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[],
): Pick<Import, 'typeOnly' | 'names'> {
  const values = elements.filter((element) => !element.isTypeOnly)
  return {
    typeOnly: wholeIsType || (elements.length > 0 && values.length === 0),
    names: values.map((element) => (element.propertyName ?? element.name).text),
  }
}
