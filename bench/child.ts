import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** How many were started: several may run at the same time. */
let children = 0;

/**
 * Runs a file of this directory in a process of its own, so that nothing measured before it counts, and gives what it
 * printed as JSON. A `.ts` file is made JavaScript first: a loader in that process would slow down what the library imports
 * on demand, by a tenth of a second for artifacts.
 */
export async function runChild<T>(file: string, args: readonly string[] = []): Promise<T> {
  const source = fileURLToPath(new URL(file, import.meta.url));
  if (!file.endsWith(".ts")) return await run<T>(source, args);
  // Beside its source, from where it finds the built package and the packages of the benchmarks.
  const compiled = source.replace(/\.ts$/, `.${process.pid}-${++children}.tmp.mjs`);
  try {
    await build({
      entryPoints: [source],
      outfile: compiled,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
    });
    return await run<T>(compiled, args);
  } finally {
    await rm(compiled, { force: true });
  }
}

async function run<T>(path: string, args: readonly string[]): Promise<T> {
  // Certificates that Node is to trust besides its own: it reads them at each start, which takes longer than to start.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [path, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${path} ${args.join(" ")} ended with code ${code}`);
  return JSON.parse(out) as T;
}

/** How a child answers. */
export function answer(result: unknown): void {
  process.stdout.write(JSON.stringify(result));
}

/** Whether this module is what the process was started with, and not imported. */
export function isMain(url: string): boolean {
  return process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1];
}
