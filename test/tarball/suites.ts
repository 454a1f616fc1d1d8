import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Installed } from "./install.ts";

const run = promisify(execFile);
const ENTRIES = {
  core: "runledger",
  memory: "runledger/backends/memory",
  testing: "runledger/testing",
  compare: "runledger/compare",
  where: "runledger/where",
};

const imports = Object.entries(ENTRIES)
  .map(([name, from]) => `import * as ${name} from "${from}";`)
  .join("\n");
const requires = Object.entries(ENTRIES)
  .map(([name, from]) => `const ${name} = require("${from}");`)
  .join("\n");
const names = Object.keys(ENTRIES).join(", ");
const define = (equal: string): string => `
for (const [name, work] of Object.entries(cases.pipelineCases({ ${names}, equal: ${equal} })))
  test(name, async () => void (await work()));
`;
const fromModule = `import cases from "./cases.cjs";\n${imports}\n`;
const strictly = "(actual, expected) => expect(actual).toStrictEqual(expected)";

/** The file of tests that each runner gets, in the form that is usual for it. */
const SUITES: Readonly<Record<Suite, string>> = {
  "pipeline.jest.test.js": `const cases = require("./cases.cjs");\n${requires}\n${define(strictly)}`,
  "pipeline.vitest.test.mjs": `import { expect, test } from "vitest";\n${fromModule}${define(strictly)}`,
  "pipeline.node.test.mjs": `import assert from "node:assert";\nimport { test } from "node:test";\n${fromModule}${define("assert.deepStrictEqual")}`,
  "pipeline.bun.test.mjs": `import { expect, test } from "bun:test";\n${fromModule}${define(strictly)}`,
  "pipeline.deno.test.mjs": `import assert from "node:assert";\n${fromModule}const { test } = Deno;\n${define("assert.deepStrictEqual")}`,
};

export type Suite = `pipeline.${"jest.test.js" | `${"vitest" | "node" | "bun" | "deno"}.test.mjs`}`;

/** How many tests each suite has. */
export const CASES = 7;

/**
 * Writes a user's project with the installed package, whose files are CommonJS unless they say otherwise, and in it the tests for
 * every runner. `modules` are packages that it also has, each with the directory that it is in.
 */
export async function writeSuites(
  installed: Pick<Installed, "project">,
  modules: Readonly<Record<string, string>>,
): Promise<string> {
  const place = join(installed.project, "suites");
  await mkdir(place, { recursive: true });
  await cp(join(import.meta.dirname, "suites/cases.cjs"), join(place, "cases.cjs"));
  for (const [name, code] of Object.entries(SUITES)) await writeFile(join(place, name), code);
  await writeFile(join(place, "package.json"), '{ "name": "suites", "private": true }\n');
  for (const [name, directory] of Object.entries(modules)) {
    const link = join(place, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(directory, link, "junction");
  }
  const program = `
    ${fromModule}
    const equal = () => {};
    const all = cases.pipelineCases({ ${names}, equal });
    console.log(JSON.stringify(await all["the record of a run is fit for a snapshot"]()));`;
  await writeFile(join(place, "snapshot.mjs"), program);
  const { stdout } = await run(process.execPath, ["snapshot.mjs"], { cwd: place });
  const file = join(place, "cases.cjs");
  await writeFile(file, `\nexports.snapshot = ${stdout};\n`, { flag: "a" });
  return place;
}

/** Runs a program in a directory; gives all that it printed, and throws it if it failed. */
export async function output(cwd: string, [program, ...args]: readonly [string, ...string[]]): Promise<string> {
  const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env;
  try {
    const { stdout, stderr } = await run(program, args, { cwd, env: { ...env, CI: "true", NO_COLOR: "1" } });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
