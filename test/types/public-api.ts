import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "../..");
const source = `${join(root, "src").replaceAll("\\", "/")}/`;

/** An entry of the package, as a program that imports it sees it. */
export interface PublicEntry {
  /** `runledger`, `runledger/node`, … */
  readonly entry: string;
  /** The names that it exports, types included. */
  readonly names: readonly string[];
  /** The exported names, and the members of public types, that have no docstring. */
  readonly undocumented: readonly string[];
  /** The number of exported names and of members of public types. */
  readonly counted: number;
  /** Types that its functions and the methods of its types take or return, but that it does not export, with a place of each. */
  readonly foreign: ReadonlyMap<string, string>;
}

/** Returns what every entry of `package.json` exports, read from the sources by the compiler. */
export function readPublicApi(): PublicEntry[] {
  const entries = sourceFiles();
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const program = ts.createProgram(
    entries.map(([, file]) => file),
    options,
  );
  const checker = program.getTypeChecker();
  return entries.map(([entry, file]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!);
    const exported = checker.getExportsOfModule(module!);
    const walk = new Walk(checker, exported);
    const own = new Set(exported.map((symbol) => walk.origin(symbol)));
    const foreign = [...walk.signatures].filter(([symbol]) => !own.has(symbol));
    return {
      entry,
      names: exported.map(({ name }) => name).toSorted(),
      undocumented: walk.undocumented,
      counted: walk.counted,
      foreign: new Map(foreign.map(([{ name }, path]) => [name, path])),
    };
  });
}

/** Each entry with its source file, the wildcard of `exports` spelled out. */
function sourceFiles(): [entry: string, file: string][] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { readonly "runledger-source": string }>;
  };
  const found = new Map<string, string>();
  for (const [name, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    const path = target["runledger-source"];
    const choices = name.includes("*") ? readdirSync(join(root, path.slice(0, path.indexOf("*")))) : [""];
    for (const choice of choices) {
      const entry = `runledger${name.slice(1)}`.replace("*", choice);
      found.set(entry, join(root, path.replace("*", choice)));
    }
  }
  return [...found];
}

/** Goes through exported symbols, their public members, and all types that these mention. */
class Walk {
  readonly undocumented: string[] = [];
  /** Types in the signatures of exported functions and of methods of exported types, each with a place where it is. */
  readonly signatures = new Map<ts.Symbol, string>();
  counted = 0;
  readonly #checker: ts.TypeChecker;
  readonly #exported: ReadonlySet<ts.Symbol>;
  readonly #seen = new Set<ts.Symbol>();

  constructor(checker: ts.TypeChecker, exported: readonly ts.Symbol[]) {
    this.#checker = checker;
    this.#exported = new Set(exported.map((symbol) => this.origin(symbol)));
    for (const symbol of this.#exported) this.#visit(symbol);
  }

  /** The symbol that an export, or an import, stands for. */
  origin(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** A symbol, and all that its declarations in `src` say. */
  #visit(symbol: ts.Symbol): void {
    const own = (symbol.declarations ?? []).filter(isOurs);
    if (own.length === 0 || this.#seen.has(symbol)) return;
    this.#seen.add(symbol);
    this.#count(symbol, symbol.name);
    for (const declaration of own)
      this.#read(declaration, symbol.name, this.#exported.has(symbol) && !ts.isTypeAliasDeclaration(declaration));
  }

  #count(symbol: ts.Symbol | undefined, path: string): void {
    this.counted++;
    const text = ts.displayPartsToString(symbol?.getDocumentationComment(this.#checker));
    // A word that begins with @ begins a tag, and ends the docstring, also between backticks.
    if (text === "" || text.split("`").length % 2 === 0) this.undocumented.push(path);
  }

  /** What is public in a node: members get a path, types that are mentioned are visited. */
  #read(node: ts.Node, path: string, isExported: boolean): void {
    if (ts.isBlock(node) || isPrivate(node) || isInternal(node)) return;
    if (ts.isTypeReferenceNode(node)) this.#mention(node.typeName, path, isExported);
    else if (ts.isExpressionWithTypeArguments(node)) this.#mention(node.expression, path, false);
    else if (ts.isTypeQueryNode(node)) this.#mention(node.exprName, path, isExported);
    let own = path;
    if (isMember(node)) {
      own = `${path}.${node.name.getText()}`;
      this.#count(this.#checker.getSymbolAtLocation(node.name), own);
    } else if (ts.isParameter(node)) own = `${path}(${node.name.getText()})`;
    const isProperty = ts.isPropertySignature(node) || ts.isPropertyDeclaration(node);
    ts.forEachChild(node, (child) => {
      // What initializes a variable or a member is not public.
      if (!("initializer" in node && node.initializer === child)) this.#read(child, own, isExported && !isProperty);
    });
  }

  #mention(name: ts.Node, path: string, isSigned: boolean): void {
    const found = this.#checker.getSymbolAtLocation(name);
    if (found === undefined || found.flags & ts.SymbolFlags.TypeParameter) return;
    const symbol = this.origin(found);
    if (isSigned && symbol.declarations?.some(isOurs) && !this.signatures.has(symbol))
      this.signatures.set(symbol, path);
    this.#visit(symbol);
  }
}

type Member =
  | ts.PropertySignature
  | ts.MethodSignature
  | ts.PropertyDeclaration
  | ts.MethodDeclaration
  | ts.AccessorDeclaration;

function isMember(node: ts.Node): node is Member {
  return (
    ts.isPropertySignature(node) ||
    ts.isMethodSignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isAccessor(node)
  );
}

function isPrivate(node: ts.Node): boolean {
  if (ts.isClassStaticBlockDeclaration(node)) return true;
  if (!ts.isClassElement(node)) return false;
  return (
    (node.name !== undefined && ts.isPrivateIdentifier(node.name)) ||
    (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0
  );
}

function isInternal(node: ts.Node): boolean {
  return ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
}

function isOurs(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.startsWith(source);
}
