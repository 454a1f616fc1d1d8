import { availableParallelism } from "node:os";
import { type ViteUserConfig, defineConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] } },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    // Need a server or other programs: vitest.s3.config.ts, vitest.engines.config.ts, vitest.platforms.config.ts.
    exclude: ["test/real-s3/**", "test/engines/**", "test/platforms/**", "**/node_modules/**"],
    // By default one core is left alone, and of two that is half of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
export default config;
