import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";

/**
 * Joins the chunks that an entry always loads into one file. esbuild makes a chunk for each set of entries that share some code, which
 * come to be dozens of small ones, and a process takes longer to find and open a file than to read what is in it. Chunks that the entry
 * `apart` loads too are left alone.
 */
export async function joinChunks(output: string, entry: string, name: string, apart?: string): Promise<void> {
  const directory = resolve(output);
  const files = new Map<string, string>();
  for (const file of await readdir(directory, { recursive: true })) {
    if (file.endsWith(".js")) files.set(join(directory, file), await readFile(join(directory, file), "utf8"));
  }
  // What is loaded on demand has a hash in its name.
  const find = (start: string): string => [...files.keys()].find((file) => file.startsWith(join(directory, start)))!;
  const others = apart === undefined ? new Set<string>() : closure(find(apart), files);
  const group = new Set([...closure(find(entry), files)].filter((chunk) => !others.has(chunk)));
  if (group.size < 2) return;
  const target = join(directory, name);
  // Two chunks may export the same name.
  const renamed = (chunk: string, exported: string): string => `${exported}$${[...group].indexOf(chunk)}`;
  const exports = [...group].map((chunk) => {
    const names = exportsOf(files.get(chunk)!).map((exported) => `${exported} as ${renamed(chunk, exported)}`);
    return `export { ${names.join(", ")} } from ${JSON.stringify(`./${relative(directory, chunk)}`)};`;
  });
  await build({
    stdin: { contents: exports.join("\n"), resolveDir: directory, sourcefile: "chunks" },
    outfile: target,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    logLevel: "error",
    plugins: [
      {
        name: "only-the-group",
        setup: (bundle) =>
          bundle.onResolve({ filter: /.*/ }, ({ path, resolveDir, kind }) => {
            const file = path.startsWith(".") ? resolve(resolveDir, path) : path;
            // Said anew, since the package has none: what is unused of a chunk may go.
            if (kind === "entry-point" || group.has(file)) return { path: file, sideEffects: false };
            return { path, external: true };
          }),
      },
    ],
  });
  for (const [file, text] of files) {
    if (group.has(file)) await rm(file);
    else await writeFile(file, redirect(text, file, { group, target, renamed }));
  }
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

interface Joined {
  readonly group: ReadonlySet<string>;
  readonly target: string;
  readonly renamed: (chunk: string, exported: string) => string;
}

/** The text of a file that imports the joined chunk instead. */
function redirect(text: string, file: string, { group, target, renamed }: Joined): string {
  const path = relative(dirname(file), target);
  const from = path.startsWith(".") ? path : `./${path}`;
  return text.replaceAll(IMPORT, (whole, list: string | undefined, imported: string) => {
    const chunk = resolve(dirname(file), imported);
    if (!group.has(chunk)) return whole;
    // Chunks have no effects of their own.
    if (list === undefined) return "";
    const names = namesIn(list).map(({ name, as }) => `${renamed(chunk, name)} as ${as}`);
    return `import {\n  ${names.join(",\n  ")}\n} from ${JSON.stringify(from)};\n`;
  });
}
