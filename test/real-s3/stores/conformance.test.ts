import { randomBytes } from "node:crypto";
import { test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import type { ConformanceHarness } from "../../../src/conformance/index.ts";
import { conformance } from "../../../src/conformance/index.ts";
import { inBucket, makeBucket, realS3 } from "../../servers/real-s3.ts";

const server = realS3();
const bucket = await makeBucket(server);
// Once: each case has a prefix of its own.
const isAtomic = (await s3Backend(inBucket(server, bucket)).probe()) === "atomic";

const harness: ConformanceHarness = {
  name: `s3 (${server.name})`,
  async setup() {
    const prefix = randomBytes(6).toString("hex");
    return {
      async open() {
        return s3Backend(
          inBucket(server, bucket, { prefix, conditionalWrites: isAtomic ? "atomic" : "none" }),
        );
      },
      async teardown() {},
    };
  },
};

conformance(harness, test);
