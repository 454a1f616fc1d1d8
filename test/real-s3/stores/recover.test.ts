import { expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { openLedger } from "../../../src/index.ts";
import { bundle } from "../../processes/bundle.ts";
import { startChild } from "../../processes/child-process.ts";
import { inBucket, makeBucket, realS3 } from "../../servers/real-s3.ts";

test("a process that logs to a bucket is killed: recover closes its run, with all that was acknowledged, 5 times", async () => {
  const server = realS3();
  const bucket = await makeBucket(server);
  const script = await bundle(new URL("../../faults/fencing/child.ts", import.meta.url));
  try {
    for (let round = 0; round < 5; round++) {
      const child = startChild([process.execPath, script.script, bucket]);
      const id = (await child.line("run ")).slice(4);
      for (let acks = 0; acks <= round; acks++) await child.line("ack");
      child.kill();
      await child.ended;
      const acknowledged = Number(child.lines.findLast((line) => line.startsWith("ack "))?.slice(4));
      const ledger = await openLedger(s3Backend(inBucket(server, bucket)));
      await ledger.recover(id, { graceMs: 0 });
      expect(await ledger.getRun(id)).toMatchObject({ status: "interrupted" });
      expect(await ledger.recover(id, { graceMs: 0 })).toEqual({ interrupted: [], running: [] });
      const { values } = await ledger.history(id, "value");
      expect(values.length).toBeGreaterThanOrEqual(acknowledged);
      expect([...values]).toEqual(Array.from(values, (_, i) => i));
      const next = await ledger.resumeRun(id);
      next.log({ value: values.length });
      await next.finish();
      expect((await ledger.history(id, "value")).values).toHaveLength(values.length + 1);
      expect(await ledger.getRun(id)).toMatchObject({ status: "finished", damage: [] });
    }
  } finally {
    await script.remove();
  }
});
