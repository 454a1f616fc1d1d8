import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import { rollup } from "rollup";

/** What the bundlers leave out: isomorphic-git needs the module `buffer` in a browser, and in Rollup another plugin. */
const LEFT_OUT = ["@duckdb/node-api", "isomorphic-git"];

/** What esbuild has to say of a program that imports these files. */
export async function warningsOfEsbuild(entryPoints: string[], platform: "browser" | "node"): Promise<string[]> {
  const { warnings } = await build({
    entryPoints,
    bundle: true,
    splitting: true,
    format: "esm",
    platform,
    outdir: "out",
    external: ["node:*", ...LEFT_OUT],
    logLevel: "silent",
    write: false,
  });
  return warnings.map(({ text, location }) => `${location?.file ?? ""}: ${text}`);
}

/** What Rollup has to say of it. */
export async function warningsOfRollup(input: string[]): Promise<string[]> {
  const warnings: string[] = [];
  const bundle = await rollup({
    input,
    onLog: (_level, { message }) => void warnings.push(message),
    external: [/^node:/, ...LEFT_OUT],
    plugins: [nodeResolve()],
  });
  await bundle.generate({ format: "es" });
  await bundle.close();
  return warnings;
}
