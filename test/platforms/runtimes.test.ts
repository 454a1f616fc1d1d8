import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, inject } from "vitest";
import { describePlatform, newJob, programIn, whyMissing } from "./expectations.ts";
import type { Job, Report } from "./report.ts";

const run = promisify(execFile);

const installed = inject("installed");
const nodes = programIn("NODES");
const MAJORS = [20, 22, 24, 26];
const ownMajor = Number(process.versions.node.split(".")[0]);

/** A runtime: the name that it gives itself, the command that runs a program, and the variable that names that. */
interface Runtime {
  readonly name: string;
  readonly command: readonly string[] | undefined;
  readonly variable: string;
}

function nodeOf(major: number): Runtime {
  const own = major === ownMajor ? process.execPath : undefined;
  const program = nodes === undefined || !MAJORS.includes(major) ? own : join(nodes, `node-${major}`);
  return { name: "node", command: program === undefined ? undefined : [program], variable: "NODES" };
}

function runtimeIn(variable: string, ...flags: string[]): Runtime {
  const program = programIn(variable);
  const command = program === undefined ? undefined : [program, ...flags];
  return { name: variable.toLowerCase(), command, variable };
}

/** Deno gets the permissions that a program needs: for the directory of its ledger, and for its hosts. */
function permissions({ published, s3 }: Job): string[] {
  const urls = s3 === undefined ? [published] : [published, s3.endpoint!];
  const hosts = urls.map((url) => new URL(url).host);
  const { project } = installed;
  return [`--allow-read=${project}`, `--allow-write=${project}`, `--allow-net=${hosts.join(",")}`];
}

const runtimes: readonly (readonly [string, Runtime])[] = [
  ...[...new Set([...MAJORS, ownMajor])].map((major) => [`Node ${major}`, nodeOf(major)] as const),
  ["Bun", runtimeIn("BUN")],
  ["Deno", runtimeIn("DENO", "run", "--no-lock", "--no-prompt")],
];

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

describe.each(runtimes)("%s", (title, { name, command, variable }) => {
  let report: Report;

  beforeAll(async () => {
    if (command === undefined) return;
    const [job, file] = [join(installed.project, `${title}.job`), join(installed.project, `${title}.report`)];
    const given = await newJob();
    await writeFile(job, JSON.stringify(given));
    const [program, ...flags] = command as [string, ...string[]];
    if (name === "deno") flags.push(...permissions(given));
    const { NODE_OPTIONS: _, ...env } = process.env;
    await run(program, [...flags, "program.mjs", job, file], { cwd: installed.project, env });
    report = JSON.parse(await readFile(file, "utf8")) as Report;
  });

  const why = command === undefined ? whyMissing(variable) : undefined;
  describePlatform(["memory", "fs", "s3"], why, () => report, {
    version: () => (report.environment as { runtime: { version: string } }).runtime.version,
    backend: "fs",
    environment: {
      runtime: { name, version: expect.any(String) },
      os: { name: process.platform, arch: process.arch },
      cores: expect.any(Number),
      // Deno would need a permission for it.
      ...(name !== "deno" && { memory: expect.any(Number) }),
    },
  });
});
