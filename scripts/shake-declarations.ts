/** What of a package's declarations a compiler or an editor can reach from its entry points. The rest is not shipped. */
import ts from 'typescript'

/** A declaration file as the compiler made it. */
export interface Emitted {
  readonly path: string
  readonly text: string
}

/** Only the package's own files are looked into: what it takes from others stays as it is written. */
const options: ts.CompilerOptions = {
  noLib: true,
  types: [],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
}

/**
 * What to ship of the `.d.ts` files of a package; a file left out is not shipped. `entries`: the paths that package.json
 * names. A declaration stays when an entry exports it or one that stays names it: whole, with all that is said in it.
 */
export function shakeDeclarations(files: readonly Emitted[], entries: readonly string[]): Emitted[] {
  const program = programOf(files)
  const kept = reachable(program, entries)
  const shipped = program.getSourceFiles().filter((file) => kept.has(file))
  return shipped.map((file) => ({ path: file.fileName, text: keptText(file, kept) }))
}

function programOf(files: readonly Emitted[]): ts.Program {
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost(options),
    fileExists: (path) => texts.has(path),
    directoryExists: () => true,
    readFile: (path) => texts.get(path),
    getSourceFile: (path) => {
      const text = texts.get(path)
      return text === undefined ? undefined : ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
    },
  }
  return ts.createProgram([...texts.keys()], options, host)
}

/** The files, statements and listed names that the entries lead to. */
function reachable(program: ts.Program, entries: readonly string[]): ReadonlySet<ts.Node> {
  const checker = program.getTypeChecker()
  const kept = new Set<ts.Node>()
  const pending: ts.Node[] = []
  const keep = (node: ts.Node): void => {
    if (kept.has(node)) return
    kept.add(node)
    pending.push(node)
  }
  const reach = (symbol: ts.Symbol | undefined): void => {
    const isNew = symbol?.declarations?.some((declaration) => !kept.has(unitOf(declaration))) ?? false
    if (!symbol || !isNew) return
    symbol.declarations?.map(unitOf).forEach(keep)
    if (symbol.flags & ts.SymbolFlags.ValueModule) checker.getExportsOfModule(symbol).forEach(reach)
    if (symbol.flags & ts.SymbolFlags.Alias) reach(checker.getImmediateAliasedSymbol(symbol))
  }
  for (const entry of entries) {
    const file = program.getSourceFile(entry)
    if (!file) throw new Error(`${entry} was not made`)
    reach(checker.getSymbolAtLocation(file))
  }
  for (let node = pending.pop(); node; node = pending.pop()) {
    keep(node.getSourceFile())
    const used = ts.isSourceFile(node) ? node.statements.filter(hasEffect).flatMap(namesIn) : namesIn(node)
    for (const name of used) reach(checker.getSymbolAtLocation(name))
  }
  return kept
}

/** What is kept or dropped as one: a statement, or one name of an import or export list. */
function unitOf(declaration: ts.Node): ts.Node {
  if (ts.isSourceFile(declaration) || ts.isSourceFile(declaration.parent) || isListed(declaration)) return declaration
  return unitOf(declaration.parent)
}

function isListed(node: ts.Node): boolean {
  return ts.isImportSpecifier(node) || ts.isExportSpecifier(node)
}

/** Whether a statement stays in a file that stays: it names nothing that could be asked for. */
function hasEffect(statement: ts.Statement): boolean {
  if (ts.isImportDeclaration(statement)) return !statement.importClause
  if (ts.isExportDeclaration(statement)) return !statement.exportClause
  return ts.isModuleDeclaration(statement) && (ts.isStringLiteral(statement.name) || statement.name.text === 'global')
}

/** The names and texts written anywhere in a node: one too many keeps too much, never too little. */
function namesIn(node: ts.Node): ts.Node[] {
  const found: ts.Node[] = ts.isIdentifier(node) || ts.isStringLiteral(node) ? [node] : []
  ts.forEachChild(node, (child) => {
    found.push(...namesIn(child))
  })
  return found
}

function keptText(file: ts.SourceFile, kept: ReadonlySet<ts.Node>): string {
  const statements = file.statements.map((statement) => statementText(statement, kept))
  return `${statements.filter((text) => text !== '').join('\n') || 'export {};'}\n`
}

function statementText(statement: ts.Statement, kept: ReadonlySet<ts.Node>): string {
  const list = listOf(statement)
  const elements = list?.elements.filter((element) => kept.has(element)) ?? []
  if (list && !kept.has(statement) && elements.length < list.elements.length) {
    if (elements.length === 0) return ''
    const [start, end] = [list.getStart(), list.end].map((position) => position - statement.getStart())
    const names = elements.map((element) => element.getText()).join(', ')
    return `${statement.getText().slice(0, start)}{ ${names} }${statement.getText().slice(end)}`
  }
  if (ts.isImportDeclaration(statement)) return statement.getText()
  return list || kept.has(statement) || hasEffect(statement) ? statement.getFullText().trim() : ''
}

/** The names of an import or export list. */
function listOf(statement: ts.Statement): ts.NamedImports | ts.NamedExports | undefined {
  const names = ts.isImportDeclaration(statement)
    ? statement.importClause?.namedBindings
    : ts.isExportDeclaration(statement)
      ? statement.exportClause
      : undefined
  return names && (ts.isNamedImports(names) || ts.isNamedExports(names)) ? names : undefined
}
