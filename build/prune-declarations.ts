import { resolve } from "node:path";
import ts from "typescript";

/**
 * Returns the files that entries need, with the declarations in them that the entries export, or mention, and no others. A file of
 * `src` declares all that other files of `src` import, and most of that is of no use outside.
 */
export function pruneDeclarations(entries: readonly string[]): ReadonlyMap<string, string> {
  const program = ts.createProgram(entries, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts"],
    types: [],
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const kept = new Set<ts.Node>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) keepDeclarations(checker.getSymbolAtLocation(node));
    // `import("./file.js").Name`, as the compiler writes a type that it inferred.
    else if (ts.isImportTypeNode(node) && node.qualifier) keepDeclarations(checker.getSymbolAtLocation(node.qualifier));
    ts.forEachChild(node, visit);
  };
  const keepDeclarations = (symbol: ts.Symbol | undefined): void => {
    for (const declaration of symbol?.declarations ?? []) {
      const statement = topLevel(declaration);
      const whole = ts.isImportSpecifier(declaration) || ts.isExportSpecifier(declaration) ? declaration : statement;
      if (whole === undefined || kept.has(whole) || isForeign(whole.getSourceFile())) continue;
      kept.add(whole);
      if (statement) kept.add(statement);
      if (whole === statement) visit(whole);
    }
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) keepDeclarations(checker.getAliasedSymbol(symbol));
  };
  const isForeign = (file: ts.SourceFile): boolean =>
    program.isSourceFileDefaultLibrary(file) || program.isSourceFileFromExternalLibrary(file);
  for (const entry of entries) {
    const file = program.getSourceFile(entry)!;
    for (const statement of file.statements) kept.add(statement);
    visit(file);
  }
  const files = program
    .getSourceFiles()
    .filter(({ statements }) => statements.some((statement) => kept.has(statement)));
  return new Map(files.map((file) => [resolve(file.fileName), prune(file, kept)]));
}

/** The statement of a file that a node is in. */
function topLevel(node: ts.Node): ts.Node | undefined {
  for (let each: ts.Node | undefined = node; each; each = each.parent)
    if (each.parent && ts.isSourceFile(each.parent)) return each;
  return undefined;
}

function prune(file: ts.SourceFile, kept: ReadonlySet<ts.Node>): string {
  const parts = file.statements.map((statement) => {
    const named = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    if (named && ts.isNamedImports(named)) {
      const used = named.elements.filter((element) => kept.has(element));
      if (used.length === 0) return "";
      const names = used.map((element) => element.getText()).join(", ");
      return statement.getFullText().replace(named.getText(), `{ ${names} }`);
    }
    const exported = ts.isExportDeclaration(statement) ? statement.exportClause : undefined;
    if (exported && ts.isNamedExports(exported)) {
      const used = exported.elements.filter((element) => kept.has(element));
      if (used.length === 0 && exported.elements.length > 0) return "";
      const names = used.map((element) => element.getText()).join(", ");
      return statement.getFullText().replace(exported.getText(), names === "" ? "{}" : `{ ${names} }`);
    }
    return kept.has(statement) || ts.isExportDeclaration(statement) ? statement.getFullText() : "";
  });
  return `${parts.join("").trim()}\n`;
}
