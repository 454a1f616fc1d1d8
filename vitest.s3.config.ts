import { availableParallelism } from "node:os";
import { type ViteUserConfig, defineConfig } from "vitest/config";

// Tests against the S3 server that AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name:
//   set -a; eval "$(test/servers/ceph-rgw.sh start "$(mktemp -d)")"; set +a
//   npx vitest run --config vitest.s3.config.ts
// On the servers of test/servers/s3-server.sh: only test/real-s3/stores.
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["runledger-source", "node", "import", "module", "default"] } },
  test: {
    include: ["test/real-s3/**/*.test.ts"],
    env: { TEST_SIZE: "full" },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // By default one core is left alone, and of two that is half of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default"],
  },
});
export default config;
