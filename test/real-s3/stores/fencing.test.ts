import { expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { openLedger } from "../../../src/index.ts";
import { bundle } from "../../processes/bundle.ts";
import { shutOutProcess, twoClaims } from "../../faults/fencing/races.ts";
import { inBucket, makeBucket, realS3 } from "../../servers/real-s3.ts";

const server = realS3();
// Also of a store where that is wrong: what was acknowledged must not depend on it.
const conditionalWrites = "atomic";

test("a process that logs to a run in a bucket is shut out by another, 8 times", async () => {
  const bucket = await makeBucket(server);
  const child = await bundle(new URL("../../faults/fencing/child.ts", import.meta.url));
  const env = { ...process.env, CONDITIONAL_WRITES: conditionalWrites };
  try {
    for (let round = 0; round < 8; round++) {
      const backend = s3Backend(inBucket(server, bucket, { conditionalWrites }));
      const { acknowledged } = await shutOutProcess(child.script, bucket, backend, env);
      expect(acknowledged).toBeGreaterThan(0);
    }
  } finally {
    await child.remove();
  }
});

test("two that claim a run in a bucket at once, while its writer goes on, 20 times", async () => {
  const bucket = await makeBucket(server);
  for (let round = 0; round < 20; round++) {
    const { acknowledged } = await twoClaims(() => s3Backend(inBucket(server, bucket, { conditionalWrites })));
    expect(acknowledged).toBeGreaterThan(0);
  }
});

test.skipIf(server.isAtomic)("an exclusive session is refused where conditional writes are not atomic", async () => {
  const bucket = await makeBucket(server);
  const open = () => openLedger(s3Backend(inBucket(server, bucket)));
  const { id } = await (await open()).startRun({ environment: false });
  await expect((await open()).resumeRun(id, { mode: "exclusive" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
});
