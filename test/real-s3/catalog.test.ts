import { expect, test } from "vitest";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { bundle } from "../processes/bundle.ts";
import { manyProcesses } from "../faults/catalog/many-processes.ts";
import { inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";

test(
  "50 processes finish 20 runs each in a bucket, while others compact and are killed: all are found, once",
  { timeout: 300_000 },
  async () => {
    expect.hasAssertions();
    const server = realS3();
    const bucket = await makeBucket(server);
    const child = await bundle(new URL("../faults/catalog/child.ts", import.meta.url));
    try {
      const env = { ...process.env, CONDITIONAL_WRITES: "atomic" };
      await manyProcesses(child.script, bucket, s3Backend(inBucket(server, bucket)), env);
    } finally {
      await child.remove();
    }
  },
);
