import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/index.ts";
import { Threads } from "../ledger/threads.ts";

test("the monotonic clock measures how long a run took", async () => {
  const moves = fc.record({ ms: fc.integer({ min: 0, max: 100_000 }), jump: fc.integer({ min: -1e8, max: 1e8 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(moves, { maxLength: 8 }), fc.boolean(), async (all, isResumed) => {
      const clock = createTestClock();
      const ledger = await openLedger(memoryBackend(), { clock });
      let run = await ledger.startRun();
      let took = 0;
      for (const [i, { ms, jump }] of all.entries()) {
        await clock.advance(ms);
        took += ms;
        clock.jump(jump);
        run.log({ a: i });
        await run.flush();
      }
      await run.finish();
      const { startTime, endTime, lastActivity } = await ledger.getRun(run.id);
      expect(endTime).toBe(startTime + took);
      expect(lastActivity).toBeGreaterThanOrEqual(startTime);
      if (!isResumed) return;
      run = await ledger.resumeRun(run.id);
      await run.finish();
      const again = await ledger.getRun(run.id);
      expect(again.endTime).toBeGreaterThanOrEqual(again.startTime);
    }),
    { numRuns: 30 },
  );
});

test("an interrupted run ends where it was last seen, whatever the wall clock did", async () => {
  const clock = createTestClock();
  const threads = new Threads(memoryBackend());
  const writing = await threads.start(undefined, { clock });
  const run = await writing.ledger.startRun();
  await clock.advance(5000);
  run.log({ a: 1 });
  await run.flush();
  clock.jump(-3_600_000);
  await clock.advance(1000);
  run.log({ a: 2 });
  await run.flush();
  const before = await writing.ledger.getRun(run.id);
  writing.die();
  const { ledger } = await threads.start();
  expect(before).toMatchObject({ status: "running", lastActivity: before.startTime });
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "interrupted", endTime: before.startTime + 6000 });
  await ledger.recover();
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "interrupted", endTime: before.startTime + 6000 });
  expect((await ledger.searchRuns({ filter: "duration < 0s" })).runs).toEqual([]);
});

test("a clock with only a wall time measures by it", async () => {
  let now = 1000;
  const ledger = await openLedger(memoryBackend(), { clock: () => now });
  const run = await ledger.startRun();
  now += 7000;
  run.log({ a: 1 });
  await run.finish();
  expect(await ledger.getRun(run.id)).toMatchObject({ startTime: 1000, endTime: 8000, lastActivity: 8000 });
  const other = await ledger.startRun();
  now -= 7000;
  await other.finish();
  expect(await ledger.getRun(other.id)).toMatchObject({ startTime: 8000, endTime: 8000, lastActivity: 8000 });
});
