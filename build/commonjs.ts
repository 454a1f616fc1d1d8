import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { COMMONJS_ENTRIES } from "./commonjs-entries.ts";

/**
 * Writes the CommonJS form: one file with all of the code, its dependencies included, since some of them have no such form; and a
 * file for each entry, which names what it exports, so that all entries share one copy of each class. Gives the names of the
 * packages whose code is contained.
 */
export async function writeCommonJs(source: string, output: string): Promise<string[]> {
  const directory = resolve(output);
  const code = join(directory, "code.js");
  const { metafile } = await build({
    metafile: true,
    stdin: {
      contents: COMMONJS_ENTRIES.map((entry) => `export * as ${nameOf(entry)} from "./${entry}.ts";`).join("\n"),
      resolveDir: resolve(source),
    },
    outfile: code,
    bundle: true,
    format: "cjs",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["browser"],
    legalComments: "none",
    preserveSymlinks: true,
    inject: [resolve(source, "../build/text-coders.ts")],
    // Names stay for stack traces; who wants to read it reads the ES modules.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: "error",
    // The form that needs no module of Node: bundlers for browsers may take this file too.
    alias: { "#gunzip": resolve(source, "bytes/gunzip/portable.ts") },
  });
  // Of an ES module this would be another kind of file.
  await writeFile(join(directory, "package.json"), '{ "type": "commonjs" }\n');
  const all = createRequire(import.meta.url)(code) as Record<string, object>;
  for (const entry of COMMONJS_ENTRIES) {
    const depth = entry.split("/").length - 1;
    const lines = Object.keys(all[nameOf(entry)]!).map((name) => `exports.${name} = entry.${name};`);
    await mkdir(join(directory, entry, ".."), { recursive: true });
    await writeFile(
      join(directory, `${entry}.js`),
      [
        '"use strict";',
        'Object.defineProperty(exports, "__esModule", { value: true });',
        `const { ${nameOf(entry)}: entry } = require("${"../".repeat(depth) || "./"}code.js");`,
        ...lines,
        "",
      ].join("\n"),
    );
  }
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/[^]*$/.exec(path)?.[1] ?? [],
  );
  return [...new Set(packages)].sort();
}

function nameOf(entry: string): string {
  return entry.replace(/\/index$/, "").replaceAll("/", "_");
}
