import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, inject } from "vitest";
import { describePlatform, newJob, programIn } from "./expectations.ts";
import type { Report } from "./report.ts";

const run = promisify(execFile);

/** What runs the program, by the name that it gives itself. */
const runtimes = new Map<string, readonly string[] | undefined>([
  ["node", [process.execPath]],
  ["bun", commandIn("BUN")],
  ["deno", commandIn("DENO", "run", "--allow-all", "--no-lock")],
]);
const installed = inject("installed");

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, "program.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    // The package, as it is installed.
    external: ["runledger"],
    outfile: join(installed.project, "program.mjs"),
  });
});

function commandIn(variable: string, ...more: string[]): readonly string[] | undefined {
  const program = programIn(variable);
  return program === undefined ? undefined : [program, ...more];
}

describe.each([...runtimes])("%s", (name, command) => {
  let report: Report;

  beforeAll(async () => {
    if (command === undefined) return;
    const [job, file] = [join(installed.project, `${name}.job`), join(installed.project, `${name}.report`)];
    await writeFile(job, JSON.stringify(await newJob()));
    const [program, ...flags] = command as [string, ...string[]];
    const { NODE_OPTIONS: _, ...env } = process.env;
    await run(program, [...flags, "program.mjs", job, file], { cwd: installed.project, env });
    report = JSON.parse(await readFile(file, "utf8")) as Report;
  });

  const missing = command === undefined ? `no ${name}: see vitest.platforms.config.ts` : undefined;
  describePlatform(["memory", "fs", "s3"], missing, () => report, {
    runtime: { name, version: expect.any(String) },
    os: { name: process.platform, arch: process.arch },
    cores: expect.any(Number),
    memory: expect.any(Number),
  });
});
