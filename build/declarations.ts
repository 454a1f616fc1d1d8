import { cp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { COMMONJS_ENTRIES } from "./commonjs-entries.ts";
import { pruneDeclarations } from "./prune-declarations.ts";

// tsx build/declarations.ts [DIST]: removes the declarations that no entry needs, and copies those that the CommonJS entries need:
// in a directory of CommonJS files the same text declares CommonJS modules.
const dist = resolve(process.argv[2] ?? "dist");
const commonJs = join(dist, "cjs");
const all = (await readdir(dist, { recursive: true }))
  .map((path) => join(dist, path))
  .filter((file) => file.endsWith(".d.ts") && !file.startsWith(commonJs));
const entries = all.filter((file) =>
  /^(index|(backends|adapters)\/[^/]+\/index|[^/]+\/index)\.d\.ts$/.test(posix(file)),
);

const needed = pruneDeclarations(entries);
for (const file of all) {
  const text = needed.get(file);
  if (text === undefined) await rm(file);
  else await writeFile(file, text);
}
for (const file of await reachable(COMMONJS_ENTRIES.map((entry) => join(dist, `${entry}.d.ts`)))) {
  await cp(file, join(commonJs, relative(dist, file)));
}

async function reachable(files: readonly string[], found: Set<string> = new Set()): Promise<Set<string>> {
  for (const file of files.filter((each) => !found.has(each))) {
    found.add(file);
    const text = await readFile(file, "utf8");
    const paths = [...text.matchAll(/(?:from |import |import\()"(\.[^"]+)\.[jt]s"/g)].map(([, path]) => path as string);
    await reachable(
      paths.map((path) => join(dirname(file), `${path}.d.ts`)),
      found,
    );
  }
  return found;
}

function posix(file: string): string {
  return relative(dist, file).replaceAll("\\", "/");
}
