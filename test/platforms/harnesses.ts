import { memoryBackend } from "runledger/backends/memory";
import { type S3BackendOptions, s3Backend } from "runledger/backends/s3";
import type { ConformanceHarness } from "runledger/conformance";

export const memoryHarness: ConformanceHarness = {
  name: "memory",
  async setup() {
    const backend = memoryBackend();
    return { open: async () => backend.open(), teardown: async () => {} };
  },
};

/** Places in a bucket, each under a prefix that nobody else has. */
export function bucketHarness(options: S3BackendOptions): ConformanceHarness {
  return {
    name: "s3",
    async setup() {
      const prefix = crypto.randomUUID();
      return {
        async open() {
          const backend = s3Backend({ conditionalWrites: "atomic", ...options, prefix });
          await backend.probe();
          return backend;
        },
        async teardown() {},
      };
    },
  };
}
