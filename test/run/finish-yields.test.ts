import { expect, onTestFinished, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";

const METRICS = 10_000;

/** Returns how many turns of the event loop other work gets while `work` goes on. */
async function turnsOf(work: () => Promise<void>): Promise<number> {
  // Every look at the clock finds that it is time for a break.
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += 100));
  onTestFinished(() => void vi.restoreAllMocks());
  let turns = 0;
  let isDone = false;
  const other = async (): Promise<void> => {
    while (!isDone) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      turns++;
    }
  };
  const counting = other();
  await work();
  isDone = true;
  await counting;
  vi.restoreAllMocks();
  return turns;
}

test("finishing a run with many metrics lets other work run all the time", async () => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun({ environment: false });
  for (let i = 0; i < METRICS; i += 1000)
    run.log(Object.fromEntries(Array.from({ length: 1000 }, (_, k) => [`layer/${i + k}/norm`, i + k])));
  await run.flush();
  // What is loaded on demand would let other work run, too.
  const small = await ledger.startRun({ environment: false });
  small.log(Object.fromEntries(Array.from({ length: 2001 }, (_, k) => [`m${k}`, k])));
  await small.finish();
  const turns = await turnsOf(() => run.finish());
  // About 4 for each thousand metrics, from the fold, the plan, the columns, the row group and the pages.
  expect(turns).toBeGreaterThan(50);
  const record = await ledger.getRun(run.id);
  expect(Object.keys(record.metrics)).toHaveLength(METRICS);
  expect(record.metrics["layer/777/norm"]).toMatchObject({ count: 1, last: { value: 777 } });
});

test("finishing a run with many params lets other work run", async () => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun({ environment: false });
  run.setParams({ nested: Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`p${i}`, i])) });
  await run.flush();
  const turns = await turnsOf(() => run.finish());
  expect(turns).toBeGreaterThan(7);
});
