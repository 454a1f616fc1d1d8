import { join } from "node:path";
import { build } from "esbuild";
import { workerScript } from "../../build/worker-script.ts";

/** Returns what a browser loads, by path: programs of this directory, with the library from its sources. */
export async function browserBundle(...programs: readonly string[]): Promise<Map<string, Uint8Array | string>> {
  const { outputFiles } = await build({
    entryPoints: programs.map((program) => join(import.meta.dirname, program)),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["runledger-source"],
    outdir: "/",
    plugins: [workerScript],
    write: false,
  });
  return new Map<string, Uint8Array | string>(outputFiles.map(({ path, contents }) => [path, contents]));
}
