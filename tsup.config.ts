import { type Options, defineConfig } from "tsup";
import { writeCommonJs } from "./build/commonjs.ts";
import { joinChunks } from "./build/join-chunks.ts";
import { workerScript } from "./build/worker-script.ts";
import { stripComments } from "./build/strip-comments.ts";

/** JavaScript only; `tsc -p tsconfig.build.json` writes the declarations beside it. */
const config: Options = {
  // One file per `exports` entry, and those that `imports` chooses from by platform.
  entry: [
    "src/index.ts",
    "src/backend/index.ts",
    "src/backends/*/index.ts",
    "src/compare/index.ts",
    "src/conformance/index.ts",
    "src/testing/index.ts",
    "src/node/index.ts",
    "src/git/index.ts",
    "src/where/index.ts",
    "src/files/index.ts",
    "src/adapters/*/index.ts",
    "src/bytes/gunzip/{node,portable}.ts",
  ],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  // The output is readable as it is: maps would be a fifth of the package.
  sourcemap: false,
  dts: false,
  clean: true,
  external: [/^#/, /^node:/],
  // What every program needs: to find its many small files among the dependencies takes a process as long as to load the core. Besides,
  // Rollup warns of comments and circles in the files of zod, and never of what esbuild made of them.
  noExternal: ["nanoid", "zod"],
  // Of what is bundled, the form that uses the platform's own `crypto`, which they all have.
  esbuildOptions: (options) => {
    options.conditions = ["browser"];
  },
  esbuildPlugins: [workerScript],
  // By default tsup turns `node:fs` into `fs`, which Deno and edge runtimes refuse.
  removeNodeProtocol: false,
  onSuccess: async () => {
    await joinChunks("dist", [
      { name: "core.js", of: "index.js" },
      { name: "start.js", of: "start-run-" },
      { name: "close.js", of: "close-run-", after: "start.js" },
      { name: "find.js", of: "search-" },
    ]);
    await stripComments("dist");
    await writeCommonJs("src", "dist/cjs");
  },
};

export default defineConfig(config) as Options;
