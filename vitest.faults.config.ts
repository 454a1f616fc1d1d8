import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type ViteUserConfig, defineConfig } from "vitest/config";
import { sources, testFiles } from "./vitest.config.ts";

/** The tests of faults, and those that try a sample in `npm test`: they draw the number of their rounds from test/rounds.ts. */
const include = testFiles().filter(
  (path) => path.startsWith("test/faults/") || /from "(\.\.?\/)+rounds\.ts"/.test(readFileSync(path, "utf8")),
);

const config: ViteUserConfig = defineConfig({
  ...sources,
  test: {
    include,
    env: { TEST_SIZE: "full" },
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 600_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
export default config;
