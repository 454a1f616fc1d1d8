import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { openLedger, type Run } from "../../../src/index.ts";
import { inBucket, makeBucket, realS3 } from "../../servers/real-s3.ts";

const server = realS3();
// A race shows only now and then: a store that has one must never be called atomic.
const PLACES = server.isAtomic ? 5 : 100;

/** Two sessions log to one run and close it at the same moment. Returns the values that were acknowledged to them. */
async function twoWriters(first: Run, second: Run): Promise<number[]> {
  const acknowledged: number[] = [];
  const write = async (run: Run, from: number): Promise<void> => {
    for (let value = from; value < from + 3; value++) {
      run.log({ value }, { step: value });
      await run.flush();
      acknowledged.push(value);
    }
    await run.finish();
  };
  await Promise.all([write(first, 0), write(second, 10)]);
  return acknowledged.toSorted((a, b) => a - b);
}

test(
  `in ${PLACES} places conditional writes are ${server.isAtomic ? "atomic" : "not called atomic"}, and two writers lose nothing`,
  { timeout: 900_000 },
  async () => {
    const bucket = await makeBucket(server);
    const found = new Map<string, number>();
    for (let place = 0; place < PLACES; place++) {
      const options = inBucket(server, bucket, { prefix: randomBytes(6).toString("hex") });
      const backend = s3Backend(options);
      const writes = await backend.probe();
      found.set(writes, (found.get(writes) ?? 0) + 1);
      expect(writes === "atomic", `place ${place}: ${writes}`).toBe(server.isAtomic);
      const ledger = await openLedger(backend);
      const run = await ledger.startRun({ environment: false });
      const other = await (await openLedger(s3Backend(options))).resumeRun(run.id);
      const acknowledged = await twoWriters(run, other);
      expect(acknowledged).toHaveLength(6);
      const { values } = await ledger.history(run.id, "value");
      expect([...values]).toEqual(acknowledged);
      expect(await ledger.getRun(run.id)).toMatchObject({ status: "finished", damage: [] });
    }
    console.info(`${server.name}: ${JSON.stringify(Object.fromEntries(found))}`);
  },
);
