import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, inject, test } from "vitest";
import { type Setup, writeConsumer } from "../tarball/consumer-types.ts";
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
const ESM = ["runledger/backends/fs", "runledger/backends/s3", "runledger/conformance", "runledger/node"];
const BOTH = ["", "/backends/memory", "/compare", "/testing", "/where"].map((entry) => `runledger${entry}`);

const { project } = inject("installed");

describe.skipIf(runners === undefined).each(VERSIONS)("TypeScript %s", (version) => {
  const setups = Number(version) < 5.8 ? SETUPS : [...SETUPS, COMMONJS_OF_MODULES];
  test.each(setups)("$module, .$extension, types of Node: $node", async (setup) => {
    const names = setup.module === "Node16" ? BOTH : [...BOTH, ...ESM];
    const { config } = await writeConsumer(project, names, setup);
    const compiler = join(runners!, "node_modules", `typescript-${version}`);
    const bin = existsSync(join(compiler, "bin/tsc")) ? "bin/tsc" : "lib/tsc.js";
    await output(project, [process.execPath, join(compiler, bin), "--project", config]);
  });
});
