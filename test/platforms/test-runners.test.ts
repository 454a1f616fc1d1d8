import { join } from "node:path";
import { beforeAll, expect, inject, test } from "vitest";
import { CASES, output, type Suite, writeSuites } from "../tarball/suites.ts";
import { programIn } from "./expectations.ts";

// The same tests of a pipeline in each runner, with the package as it is installed.
const runners = programIn("RUNNERS");
const bun = programIn("BUN");
const deno = programIn("DENO");
const inRunners = (...path: string[]): string => join(runners ?? "", "node_modules", ...path);

let project: string;

beforeAll(async () => {
  project = await writeSuites(inject("installed"), {});
});

/** Runs it, and compares what it says of how many tests have passed. */
async function passes(command: readonly [string, ...string[]], said: RegExp): Promise<void> {
  const printed = await output(project, command);
  expect(said.exec(printed)?.[1], printed).toBe(String(CASES));
}

const jest = (...flags: string[]): readonly [string, ...string[]] => [
  process.execPath,
  inRunners("jest/bin/jest.js"),
  ...flags,
  "pipeline.jest.test.js",
];
const vitest = (environment: string): readonly [string, ...string[]] => [
  process.execPath,
  inRunners("vitest/vitest.mjs"),
  "run",
  `--environment=${environment}`,
  "pipeline.vitest.test.mjs",
];
const PASSED = { jest: /^Tests: +(\d+) passed, \d+ total/m, vitest: /Tests +(\d+) passed \(/ };

test.skipIf(runners === undefined)("Jest with its defaults", () => passes(jest(), PASSED.jest));

test.skipIf(runners === undefined)("Jest with jsdom", () =>
  passes(jest(`--env=${inRunners("jest-environment-jsdom/build/index.js")}`), PASSED.jest),
);

test.skipIf(runners === undefined).each(["node", "jsdom", "happy-dom"])("Vitest with %s", (environment) =>
  passes(vitest(environment), PASSED.vitest),
);

test("node:test", () => passes([process.execPath, "--test", suite("node")], /^[#ℹ] pass (\d+)$/m));

test.skipIf(bun === undefined)("bun test", () => passes([bun!, "test", suite("bun")], /^ *(\d+) pass$/m));

// Without a permission: no look at the system is allowed. The tests themselves read what they import.
test.skipIf(deno === undefined)("deno test", () =>
  passes([deno!, "test", "--no-check", "--no-lock", "--node-modules-dir=manual", suite("deno")], /\| (\d+) passed/),
);

function suite(runner: "node" | "bun" | "deno"): Suite {
  return `pipeline.${runner}.test.mjs`;
}
