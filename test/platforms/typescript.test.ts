import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type ts from "typescript";
import { describe, expect, inject, test } from "vitest";
import { type Setup, faultsOf, writeConsumer } from "../tarball/consumer-types.ts";
import { output } from "../tarball/suites.ts";
import { programIn } from "./expectations.ts";

// A strict user of each version of TypeScript, in each set-up, with the package as it is installed.
const runners = programIn("RUNNERS");
const VERSIONS = ["5.6", "5.7", "5.8", "5.9", "6.0", "7.0"];
const SETUPS: readonly Setup[] = [
  { module: "NodeNext", extension: "ts", node: false },
  { module: "Node16", extension: "cts", node: false },
  { module: "Bundler", extension: "ts", node: true },
];
/** Since 5.8 a file of CommonJS may import ES modules. */
const COMMONJS_OF_MODULES: Setup = { module: "NodeNext", extension: "cts", node: true };
const ESM = [
  "runledger/backends/fs",
  "runledger/backends/opfs",
  "runledger/backends/http",
  "runledger/backends/s3",
  "runledger/conformance",
  "runledger/node",
];
const BOTH = ["", "/backends/memory", "/compare", "/testing", "/where"].map((entry) => `runledger${entry}`);

const { project } = inject("installed");

describe.skipIf(runners === undefined).each(VERSIONS)("TypeScript %s", (version) => {
  const setups = Number(version) < 5.8 ? SETUPS : [...SETUPS, COMMONJS_OF_MODULES];
  test.each(setups)("$module, .$extension, types of Node: $node", async (setup) => {
    const names = setup.module === "Node16" ? BOTH : [...BOTH, ...ESM];
    const { config } = await writeConsumer(project, names, setup);
    const compiler = join(runners!, "node_modules", `typescript-${version}`);
    const api = join(compiler, "lib/typescript.js");
    // The later versions have no such interface, and check what comes with them in a second.
    if (existsSync(api)) expect(faultsOf(config, createRequire(api)(api) as typeof ts)).toEqual([]);
    else await output(project, [process.execPath, join(compiler, "bin/tsc"), "--project", config]);
  });
});
