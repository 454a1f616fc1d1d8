import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ViteUserConfig, defineConfig } from "vitest/config";
import common from "./vitest.config.ts";

/** The files of tests that try a sample in `npm test`: those that draw the number of their rounds from test/rounds.ts. */
function sampledFiles(): string[] {
  return readdirSync("test", { recursive: true, encoding: "utf8" })
    .map((path) => join("test", path))
    .filter((path) => path.endsWith(".test.ts") && /from "(\.\.?\/)+rounds\.ts"/.test(readFileSync(path, "utf8")));
}

const config: ViteUserConfig = defineConfig({
  ...common,
  test: {
    ...common.test,
    include: ["test/faults/**/*.test.ts", ...sampledFiles()],
    env: { TEST_SIZE: "full" },
    testTimeout: 600_000,
  },
});
export default config;
