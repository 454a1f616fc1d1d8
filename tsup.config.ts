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
    "src/seal/index.ts",
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
  // To find their files among the dependencies takes a process longer than to run them. Besides, Rollup warns of comments and
  // circles in the files of zod, and never of what esbuild made of them.
  noExternal: ["fflate", "nanoid", "zod"],
  // Of what is bundled, the form that uses the platform's own `crypto`, which they all have.
  esbuildOptions: (options) => {
    options.conditions = ["browser"];
  },
  esbuildPlugins: [workerScript],
  // By default tsup turns `node:fs` into `fs`, which Deno and edge runtimes refuse.
  removeNodeProtocol: false,
  onSuccess: async () => {
    await joinChunks(
      "dist",
      [
        { name: "start", of: ["start-run"] },
        { name: "close", of: ["close-run", "shared-end"], after: "start" },
        { name: "search", of: ["search-runs"] },
        { name: "record", of: ["read-run", "read-run-row"] },
        { name: "history", of: ["read-histories", "point-layers"], after: "record" },
        { name: "artifacts", of: ["store"] },
      ],
      [
        { name: "catalog", of: ["catalog-calls"] },
        { name: "rebuild", of: ["rebuild-catalog"] },
        { name: "compact", of: ["compact-experiment"], after: "rebuild" },
        { name: "watch", of: ["watch-updates"] },
        { name: "resume", of: ["resume-run"] },
        { name: "recover", of: ["run-care"] },
        { name: "copy", of: ["copying"] },
        { name: "archive", of: ["archiving"] },
        { name: "compare-runs", of: ["comparing"] },
        { name: "media", of: ["store-media"] },
        { name: "media-list", of: ["list-media"] },
        { name: "artifact-open", of: ["resolve", "open"] },
        { name: "media-open", of: ["open-media", "read-console"] },
      ],
    );
    await stripComments("dist");
    await writeCommonJs("src", "dist/cjs");
  },
};

export default defineConfig(config) as Options;
