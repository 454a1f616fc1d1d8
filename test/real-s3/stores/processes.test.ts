import { expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { bundle } from "../../processes/bundle.ts";
import { fourProcessesOneRun } from "../../faults/processes.ts";
import { inBucket, makeBucket, realS3 } from "../../servers/real-s3.ts";

test("four processes log 50,000 points each to one run in a bucket: all are there, once", async () => {
  expect.hasAssertions();
  const server = realS3();
  const bucket = await makeBucket(server);
  const child = await bundle(new URL("../../faults/child.ts", import.meta.url));
  try {
    await fourProcessesOneRun(child.script, bucket, s3Backend(inBucket(server, bucket)));
  } finally {
    await child.remove();
  }
});
