import { randomBytes } from "node:crypto";
import { test, vi } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import type { ConformanceHarness } from "../../../src/conformance/index.ts";
import { conformance } from "../../../src/conformance/index.ts";
import { inBucket, makeBucket, realS3 } from "../../servers/real-s3.ts";

const server = realS3();
// Once, and not for each case.
const isAtomic = (await s3Backend(inBucket(server, await makeBucket(server))).probe()) === "atomic";
// It lists in time proportional to all objects of the bucket, and one of the cases makes thousands.
if (server.name === "s3mock") vi.setConfig({ testTimeout: 600_000 });

const harness: ConformanceHarness = {
  name: `s3 (${server.name})`,
  limitMs: server.name === "s3mock" ? 590_000 : 110_000,
  async setup() {
    const bucket = await makeBucket(server);
    const prefix = randomBytes(6).toString("hex");
    return {
      async open() {
        return s3Backend(inBucket(server, bucket, { prefix, conditionalWrites: isAtomic ? "atomic" : "none" }));
      },
      async teardown() {},
    };
  },
};

conformance(harness, test);
