import { readFileSync } from "node:fs";
import { type ViteUserConfig, defineConfig } from "vitest/config";
import { EXHAUSTIVE, expectOptions, maxWorkers, sources, testFiles } from "./vitest.config.ts";

/** The tests of faults, exhaustive ones, and those that try a sample in `npm test`: they draw the number of their rounds from test/rounds.ts. */
const include = testFiles().filter(
  (path) =>
    path.startsWith("test/faults/") ||
    path.startsWith(EXHAUSTIVE) ||
    /from "(\.\.?\/)+rounds\.ts"/.test(readFileSync(path, "utf8")),
);

const config: ViteUserConfig = defineConfig({
  ...sources,
  test: {
    include,
    env: { TEST_SIZE: "full" },
    maxWorkers,
    testTimeout: 600_000,
    hookTimeout: 60_000,
    expect: expectOptions,
    reporters: ["default"],
  },
});
export default config;
