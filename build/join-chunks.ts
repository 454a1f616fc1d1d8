import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";

/** A part of the library that is loaded on demand, and becomes one file. */
export interface Part {
  readonly name: string;
  /** The modules that are loaded on demand, without directory and extension. */
  readonly of: readonly string[];
  /** The part that is always loaded with this one. What both need is in that part's file. */
  readonly after?: string;
}

/** Chunks of fewer bytes that several parts share are in `core.js`: to open another file would take longer. */
const SMALL = 12_000;

/**
 * Joins chunks that are loaded together into one file. esbuild makes a chunk for each set of entries that share code. That
 * makes dozens of small ones, and a process takes longer to find and open a file than to read it.
 *
 * `core.js` takes what `index.js` needs at once. Each part takes what no other one needs, and chunks that the same parts
 * share become one file. Each further tier of parts divides what is left then.
 */
export async function joinChunks(output: string, ...tiers: readonly (readonly Part[])[]): Promise<void> {
  const directory = resolve(output);
  const files = new Map<string, string>();
  for (const file of await readdir(directory, { recursive: true })) {
    if (file.endsWith(".js")) files.set(join(directory, file), await readFile(join(directory, file), "utf8"));
  }
  const core: Group = {
    target: join(directory, "core.js"),
    chunks: [...closure(join(directory, "index.js"), files)],
    entries: [],
  };
  const groups = [core];
  for (const tier of tiers) {
    const taken = new Set(groups.flatMap(({ chunks }) => chunks));
    for (const { name, chunks, entries } of divide(tier, taken, directory, files)) {
      const bytes = chunks.reduce((sum, chunk) => sum + files.get(chunk)!.length, 0);
      if (tier === tiers[0] && entries.length === 0 && bytes < SMALL) core.chunks.push(...chunks);
      else groups.push({ target: join(directory, `${name}.js`), chunks, entries });
    }
  }
  const homes = new Map(groups.flatMap((group) => homesIn(group, files)));
  for (const group of groups) await bundle(group, homes);
  const shells = new Map([...files].flatMap(([file, text]) => shellOf(text, file, homes) ?? []));
  for (const file of [...groups.map(({ target }) => target), ...files.keys()]) {
    if (homes.has(file) || shells.has(file)) await rm(file);
    else await writeFile(file, redirect(files.get(file) ?? (await readFile(file, "utf8")), file, homes, shells));
  }
  if ((await readFile(core.target, "utf8")).search(IMPORT) >= 0)
    throw new Error("core.js imports a file that is loaded on demand");
}

interface Shared {
  readonly name: string;
  readonly chunks: string[];
  /** Empty if several parts share the chunks. */
  readonly entries: readonly string[];
}

/** Divides the chunks of parts that are not taken by the parts that need them. */
function divide(
  parts: readonly Part[],
  taken: ReadonlySet<string>,
  directory: string,
  files: ReadonlyMap<string, string>,
): Iterable<Shared> {
  const needs = parts.map(({ of, ...part }) => {
    const entries = of.map((module) => {
      const entry = [...files.keys()].find((file) => chunkOf(file) === join(directory, module));
      if (entry === undefined) throw new Error(`no chunk of ${module}`);
      return entry;
    });
    const chunks = new Set(entries);
    for (const entry of entries) closure(entry, files, chunks);
    return { ...part, entries, chunks };
  });
  const found = new Map<string, Shared>();
  for (const chunk of new Set(needs.flatMap(({ chunks }) => [...chunks]))) {
    if (taken.has(chunk)) continue;
    const all = needs.filter(({ chunks }) => chunks.has(chunk));
    const names = new Set(all.map(({ name, after = name }) => (all.length > 1 ? after : name)));
    const name = [...names].join("-");
    const one = found.get(name) ?? {
      name,
      chunks: [],
      entries: needs.find((part) => part.name === name)?.entries ?? [],
    };
    found.set(name, one);
    one.chunks.push(chunk);
  }
  return found.values();
}

/** The path of a chunk without the hash that esbuild adds. */
function chunkOf(file: string): string {
  return file.replace(/-[A-Z0-9]{8}\.js$/, "");
}

interface Group {
  readonly target: string;
  readonly chunks: string[];
  /** The chunks that others load on demand. */
  readonly entries: readonly string[];
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
function homesIn({ target, chunks, entries }: Group, files: ReadonlyMap<string, string>): (readonly [string, Home])[] {
  const outside = [...files].filter(([file]) => !chunks.includes(file));
  let count = 0;
  return chunks.map((chunk) => {
    const names = exportsOf(files.get(chunk)!).filter(
      (name) => entries.includes(chunk) || isImported(chunk, name, outside),
    );
    const short = (name: string): string => (entries.includes(chunk) ? name : `$${(count++).toString(36)}`);
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

/** What a file that only passes on exports takes from which file: the name there, and the name that it exports. */
type Shell = ReadonlyMap<string, readonly { readonly name: string; readonly as: string }[]>;

/**
 * The entry of `shells` for a chunk that is loaded on demand and has no code of its own, because all of it went into joined files. What
 * loads it can load those files.
 */
function shellOf(text: string, file: string, homes: ReadonlyMap<string, Home>): [[string, Shell]] | undefined {
  if (homes.has(file) || chunkOf(file) === file || text.replaceAll(IMPORT, "").replaceAll(EXPORT, "").trim() !== "")
    return undefined;
  const exported = new Map(
    [...text.matchAll(EXPORT)].flatMap(([, list]) => namesIn(list!).map(({ name, as }) => [name, as])),
  );
  const shell = new Map<string, { name: string; as: string }[]>();
  for (const [, list, path] of text.matchAll(IMPORT)) {
    // Imported for its effects, of which chunks have none.
    if (list === undefined) continue;
    const home = homes.get(resolve(dirname(file), path!));
    if (home === undefined) return undefined;
    const names = namesIn(list).flatMap(({ name, as: local }) => {
      const as = exported.get(local);
      return as === undefined ? [] : [{ name: home.names.get(name)!, as }];
    });
    shell.set(home.target, [...(shell.get(home.target) ?? []), ...names]);
  }
  return shell.size === 1 ? [[file, shell]] : undefined;
}

/** The text of a file that imports what the chunks were joined to instead of them. */
function redirect(
  text: string,
  file: string,
  homes: ReadonlyMap<string, Home>,
  shells: ReadonlyMap<string, Shell>,
): string {
  const homeOf = (path: string): Home | undefined => homes.get(resolve(dirname(file), path));
  const pathTo = ({ target }: Pick<Home, "target">): string => {
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
      for (const [target, names] of shells.get(resolve(dirname(file), path)) ?? []) {
        const members = names.map(({ name, as }) => `${as}: $.${name}`);
        return `import(${pathTo({ target })}).then(($) => ({ ${members.join(", ")} }))`;
      }
      const home = homeOf(path);
      return home === undefined ? whole : `import(${pathTo(home)})`;
    });
}
