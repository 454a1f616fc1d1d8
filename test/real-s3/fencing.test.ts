import { expect, test } from "vitest";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { bundle } from "../faults/bundle.ts";
import { shutOutProcess, twoClaims } from "../faults/fencing/races.ts";
import { inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";

test("a process that logs to a run in a bucket is shut out by another, 8 times", async () => {
  const server = realS3();
  const bucket = await makeBucket(server);
  const child = await bundle("fencing/child.ts");
  try {
    for (let round = 0; round < 8; round++) {
      const { acknowledged } = await shutOutProcess(child.script, bucket, s3Backend(inBucket(server, bucket)));
      expect(acknowledged).toBeGreaterThan(0);
    }
  } finally {
    await child.remove();
  }
});

test("two that claim a run in a bucket at once, while its writer goes on, 20 times", async () => {
  const server = realS3();
  const bucket = await makeBucket(server);
  for (let round = 0; round < 20; round++) {
    const { acknowledged } = await twoClaims(() => s3Backend(inBucket(server, bucket)));
    expect(acknowledged).toBeGreaterThan(0);
  }
});
