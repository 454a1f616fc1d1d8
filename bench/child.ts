import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Runs a file of this directory in a process of its own, so that nothing measured before it counts, and gives what it
 * printed as JSON. `.ts` files are loaded with tsx, `.mjs` files with nothing.
 */
export async function runChild<T>(file: string, args: readonly string[] = []): Promise<T> {
  const loader = file.endsWith(".ts") ? ["--import", "tsx"] : [];
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...loader, path, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with code ${code}`);
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
