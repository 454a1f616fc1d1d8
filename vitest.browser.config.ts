import { type ViteUserConfig, defineConfig } from "vitest/config";

// The library in a real browser. Without CHROMIUM the tests are skipped; with BROWSER=required they fail then. With the variables of
// vitest.s3.config.ts the browser also reads and writes that server's buckets:
//   BROWSER=required CHROMIUM=$(bash test/servers/install-chromium.sh) npx vitest run --config vitest.browser.config.ts
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] } },
  test: {
    include: ["test/browser/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    reporters: ["default"],
  },
});
export default config;
