import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";

/** A file to be made of chunks. */
export interface JoinedFile {
  readonly name: string;
  /** What loads them: an entry, or what is loaded on demand, by what its name begins with. */
  readonly of: string;
  /** Another file that is there when this one is loaded. */
  readonly after?: string;
}

/**
 * Joins chunks that are always loaded together into one file. esbuild makes a chunk for each set of entries that share some code, which
 * come to be dozens of small ones, and a process takes longer to find and open a file than to read what is in it. The first file takes
 * the chunks of its entry, and those that several others share; each of the others what it alone needs, and files loaded after it.
 */
export async function joinChunks(
  output: string,
  [first, ...others]: readonly [JoinedFile, ...JoinedFile[]],
): Promise<void> {
  const directory = resolve(output);
  const files = new Map<string, string>();
  for (const file of await readdir(directory, { recursive: true })) {
    if (file.endsWith(".js")) files.set(join(directory, file), await readFile(join(directory, file), "utf8"));
  }
  const find = ({ of }: JoinedFile): string => [...files.keys()].find((file) => file.startsWith(join(directory, of)))!;
  const core = closure(find(first), files);
  const parts = others.map((each) => ({ each, entry: find(each), chunks: closure(find(each), files) }));
  for (const { each, chunks } of parts) {
    for (const chunk of chunks) {
      const others = parts.filter((other) => other.each !== each && other.chunks.has(chunk));
      if (others.length === 0 || core.has(chunk)) continue;
      if (others.every((other) => other.each.after === each.name))
        for (const other of others) other.chunks.delete(chunk);
      else if (!others.some((other) => other.each.name === each.after)) core.add(chunk);
    }
  }
  const groups: Group[] = [{ target: join(directory, first.name), chunks: [...core] }];
  for (const { each, entry, chunks } of parts) {
    const own = [entry, ...[...chunks].filter((chunk) => !core.has(chunk))];
    groups.push({ target: join(directory, each.name), chunks: own, entry });
  }
  const homes = new Map(groups.flatMap((group) => homesIn(group, files)));
  for (const group of groups) await bundle(group, homes);
  for (const file of [...groups.map(({ target }) => target), ...files.keys()]) {
    if (homes.has(file)) await rm(file);
    else await writeFile(file, redirect(files.get(file) ?? (await readFile(file, "utf8")), file, homes));
  }
}

interface Group {
  readonly target: string;
  readonly chunks: readonly string[];
  /** The chunk that others load on demand. */
  readonly entry?: string;
}

/** Where the code of a chunk went, and what is exported there under which name. */
interface Home {
  readonly target: string;
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Names that stay within the package are short: where a file is loaded on demand, bundlers keep all that it exports, and the names. What
 * is exported for nobody is left out for the same reason.
 */
function homesIn({ target, chunks, entry }: Group, files: ReadonlyMap<string, string>): (readonly [string, Home])[] {
  const outside = [...files].filter(([file]) => !chunks.includes(file));
  let count = 0;
  return chunks.map((chunk) => {
    const names = exportsOf(files.get(chunk)!).filter((name) => chunk === entry || isImported(chunk, name, outside));
    const short = (name: string): string => (chunk === entry ? name : `$${(count++).toString(36)}`);
    return [chunk, { target, names: new Map(names.map((name) => [name, short(name)])) }];
  });
}

async function bundle({ target, chunks }: Group, homes: ReadonlyMap<string, Home>): Promise<void> {
  const exports = chunks.map((chunk) => {
    const names = [...homes.get(chunk)!.names].map(([name, as]) => `${name} as ${as}`);
    return `export { ${names.join(", ")} } from ${JSON.stringify(chunk)};`;
  });
  await build({
    stdin: { contents: exports.join("\n"), resolveDir: dirname(target), sourcefile: "chunks" },
    outfile: target,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    logLevel: "error",
    plugins: [
      {
        name: "only-the-group",
        setup: (it) =>
          it.onResolve({ filter: /.*/ }, ({ path, resolveDir }) => {
            const file = path.startsWith(".") ? resolve(resolveDir, path) : path;
            // Said anew, since the package has none: what is unused of a chunk may go.
            return homes.get(file)?.target === target ? { path: file, sideEffects: false } : { path, external: true };
          }),
      },
    ],
  });
}

/** Whether one of some files imports it. */
function isImported(chunk: string, name: string, by: readonly (readonly [file: string, text: string])[]): boolean {
  return by.some(([file, text]) =>
    [...text.matchAll(IMPORT)].some(
      ([, list, path]) =>
        resolve(dirname(file), path!) === chunk && namesIn(list ?? "").some((imported) => imported.name === name),
    ),
  );
}

/** The chunks that a file imports, and those that these import. */
function closure(file: string, files: ReadonlyMap<string, string>, found: Set<string> = new Set()): Set<string> {
  for (const [, , path] of files.get(file)!.matchAll(IMPORT)) {
    const chunk = resolve(dirname(file), path!);
    if (!files.has(chunk) || found.has(chunk)) continue;
    found.add(chunk);
    closure(chunk, files, found);
  }
  return found;
}

/** As esbuild prints them. */
const IMPORT = /^import (?:\{([^}]*)\} from )?"(\.[^"]+)";\n/gm;
const ON_DEMAND = /\bimport\("(\.[^"]+)"\)/g;
const EXPORT = /^export \{([^}]*)\};$/gm;

function exportsOf(text: string): string[] {
  return [...text.matchAll(EXPORT)].flatMap(([, list]) => namesIn(list!).map(({ as }) => as));
}

function namesIn(list: string): { name: string; as: string }[] {
  return list
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map((each) => {
      const [name, as = name] = each.split(" as ");
      return { name: name!, as: as! };
    });
}

/** The text of a file that imports what the chunks were joined to instead of them. */
function redirect(text: string, file: string, homes: ReadonlyMap<string, Home>): string {
  const homeOf = (path: string): Home | undefined => homes.get(resolve(dirname(file), path));
  const pathTo = ({ target }: Home): string => {
    const path = relative(dirname(file), target);
    return JSON.stringify(path.startsWith(".") ? path : `./${path}`);
  };
  return text
    .replaceAll(IMPORT, (whole, list: string | undefined, path: string) => {
      // Chunks have no effects of their own, and bundlers warn of an import for its effects from a package that says so.
      if (list === undefined) return "";
      const home = homeOf(path);
      if (home === undefined) return whole;
      const names = namesIn(list).map(({ name, as }) => `${home.names.get(name)} as ${as}`);
      return `import {\n  ${names.join(",\n  ")}\n} from ${pathTo(home)};\n`;
    })
    .replaceAll(ON_DEMAND, (whole, path: string) => {
      const home = homeOf(path);
      return home === undefined ? whole : `import(${pathTo(home)})`;
    });
}
