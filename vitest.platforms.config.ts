import { availableParallelism } from "node:os";
import { type ViteUserConfig, defineConfig } from "vitest/config";

// The library in real browsers and in an edge worker, from the sources, and the installed package in several versions of Node, in Bun and
// Deno, in test runners and under several versions of TypeScript. Tests of programs that the environment does not name are skipped, which
// is said; with PLATFORMS=required they fail. With the variables of vitest.s3.config.ts all of them also read and write that server's
// buckets:
//   bash test/servers/install-runtimes.sh /tmp/runtimes
//   bash test/servers/install-test-runners.sh /tmp/runners
//   PLATFORMS=required CHROMIUM=$(bash test/servers/install-chromium.sh) FIREFOX=$(bash test/servers/install-firefox.sh) \
//     WEBKIT=$(bash test/servers/install-webkit.sh) NODES=/tmp/runtimes BUN=/tmp/runtimes/bun DENO=/tmp/runtimes/deno \
//     WORKERD=/tmp/runtimes RUNNERS=/tmp/runners \
//     npx vitest run --config vitest.platforms.config.ts
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] } },
  test: {
    include: ["test/platforms/**/*.test.ts"],
    globalSetup: "test/platforms/install-once.ts",
    testTimeout: 240_000,
    hookTimeout: 480_000,
    // By default one core is left alone, and of two that is half of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default"],
  },
});
export default config;
