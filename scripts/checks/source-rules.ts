/** Rules of the source that no linter has: the doors of platform.ts, docstrings, length of functions, paths of files. */
import ts from 'typescript'
import { at, importsOf, walk, type SourceFile } from './source-file.ts'

/** A function's own lines; those of functions inside it are counted there. */
const ownLinesLimit = 50
/** A factory with everything that it closes over. */
const closureLinesLimit = 160

/** Globals that reach time, randomness, the network or the environment. */
const closedGlobals = new Set(['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance', 'WebSocket'])
const closedMembers = new Set(['Date.now', 'Math.random', 'crypto.getRandomValues', 'crypto.randomUUID', 'process.env'])
const closedModules = /^(node:)?(timers|http|https|http2|net|tls|dns|dgram|perf_hooks)(\/|$)/
const closedCrypto = /^random/

/** Uses of time, randomness, network or environment outside platform.ts. */
export function doorProblems(file: SourceFile): string[] {
  const found: string[] = []
  walk(file.syntax, (node) => {
    const use = closedUse(node)
    if (use !== null) found.push(`${at(file, node)} uses ${use}: only platform.ts does`)
  })
  for (const { specifier, typeOnly, names, line } of importsOf(file)) {
    const random = /^(node:)?crypto$/.test(specifier) && names.some((name) => closedCrypto.test(name))
    if (random || (!typeOnly && closedModules.test(specifier))) {
      found.push(`${file.path}:${line} imports ${specifier}: only platform.ts does`)
    }
  }
  return found
}

function closedUse(node: ts.Node): string | null {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()'
  if (ts.isPropertyAccessExpression(node)) {
    const name = `${node.expression.getText().replace(/^globalThis\./, '')}.${node.name.text}`
    return closedMembers.has(name) ? name : null
  }
  if (!ts.isIdentifier(node) || !closedGlobals.has(node.text) || !isReference(node)) return null
  return node.text
}

/** A name that is read, as a global is: not a member, a key, a parameter, a declaration or part of a type. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.expression === node || parent.expression.getText() === 'globalThis'
  }
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true
  return ts.isPropertyAssignment(parent)
    ? parent.initializer === node
    : ts.isVariableDeclaration(parent) && parent.initializer === node
}

/** Functions that are too long. */
export function lengthProblems(file: SourceFile): string[] {
  const found: string[] = []
  walk(file.syntax, (node) => {
    if (!isFunction(node)) return
    const whole = lines(file, node).size
    const own = ownLines(file, node)
    if (own > ownLinesLimit) found.push(`${at(file, node)} is a function of ${own} lines: at most ${ownLinesLimit}`)
    if (whole > closureLinesLimit) {
      found.push(`${at(file, node)} is a function of ${whole} lines with all inside it: at most ${closureLinesLimit}`)
    }
  })
  return found
}

function ownLines(file: SourceFile, node: ts.Node): number {
  const own = lines(file, node)
  const drop = (child: ts.Node): void => {
    if (!isFunction(child)) return ts.forEachChild(child, drop)
    const inner = [...lines(file, child)]
    // A function on one line is part of the line it stands on.
    if (inner.length > 1) for (const line of inner.slice(1)) own.delete(line)
  }
  ts.forEachChild(node, drop)
  return own.size
}

/** The lines of a node that hold code: blank lines and comments are free. */
function lines(file: SourceFile, node: ts.Node): Set<number> {
  const text = file.syntax.text.split('\n')
  const [first, last] = [node.getStart(), node.getEnd()].map(
    (position) => file.syntax.getLineAndCharacterOfPosition(position).line,
  )
  const found = new Set<number>()
  for (let line = first ?? 0; line <= (last ?? 0); line += 1) {
    if (!/^\s*(\/\/.*|\/?\*.*)?$/.test(text[line] ?? '')) found.add(line)
  }
  return found
}

function isFunction(node: ts.Node): boolean {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined
}

/** Paths taken from a file's URL as they are encoded there: a space is %20 in them, and the file is not found. */
export function filePathProblems(file: SourceFile): string[] {
  const found: string[] = []
  walk(file.syntax, (node) => {
    if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'pathname') return
    if (!ts.isNewExpression(node.expression) || !/\bimport\.meta\.url\b/.test(node.expression.getText())) return
    found.push(`${at(file, node)} takes a path from a URL: fileURLToPath does, or import.meta.dirname is it`)
  })
  return found
}

/** Exports that say nothing about themselves. */
export function docstringProblems(file: SourceFile): string[] {
  return file.syntax.statements
    .filter((statement) => isExported(statement) && !isDocumented(statement))
    .map((statement) => `${at(file, statement)} has no docstring: ${nameOf(statement)}`)
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : []
  return modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
}

function isDocumented(node: ts.Node): boolean {
  // A later overload is documented by the first one.
  const previous = ts.isFunctionDeclaration(node) ? previousOverload(node) : null
  return ts.getJSDocCommentsAndTags(node).length > 0 || (previous !== null && isDocumented(previous))
}

function previousOverload(node: ts.FunctionDeclaration): ts.Node | null {
  if (!ts.isSourceFile(node.parent)) return null
  const { statements } = node.parent
  const before = statements[statements.indexOf(node) - 1]
  return before && ts.isFunctionDeclaration(before) && before.name?.text === node.name?.text ? before : null
}

function nameOf(node: ts.Node): string {
  return (
    node
      .getText()
      .split(/[\n({=]/, 1)[0]
      ?.trim() ?? ''
  )
}
