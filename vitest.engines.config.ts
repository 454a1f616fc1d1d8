import { availableParallelism } from "node:os";
import { type ViteUserConfig, defineConfig } from "vitest/config";

// Other programs read what the library stores. Without them the tests are skipped; with ENGINES=required they fail then:
//   bash test/servers/install-engines.sh /tmp/engines
//   ENGINES=required ENGINES_PYTHON=/tmp/engines/bin/python npx vitest run --config vitest.engines.config.ts
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] } },
  test: {
    include: ["test/engines/**/*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // By default one core is left alone, and of two that is half of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default"],
  },
});
export default config;
