import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, type LedgerError, openLedger, type Run } from "../../src/index.ts";
import { forgetCompaction, keepingJournals } from "./kept-journals.ts";
import { createTestClock, faultyBackend, type TestClock } from "../../src/testing/index.ts";

interface Overflow {
  readonly place: Backend;
  readonly clock: TestClock;
  readonly run: Run;
  readonly ledger: Ledger;
}

/** A run whose buffer overflows while the backend refuses the first few appends. */
async function overflowing(): Promise<Overflow> {
  const place = keepingJournals(memoryBackend());
  const clock = createTestClock();
  const ledger = await openLedger(faultyBackend(place, [{ at: 1, times: 2, mode: "error-before", only: ["append"] }]), {
    clock,
  });
  const run = await ledger.startRun({ flush: { maxBufferedBytes: 200 } });
  for (let i = 0; i < 100; i++) run.log({ a: i / 3 });
  await run.flush().catch(() => {});
  await run.flush().catch(() => {});
  return { place, clock, run, ledger };
}

test("points that were dropped are on the finished run's record, the same from its document and from its journals", async () => {
  const { place, run, ledger } = await overflowing();
  await run.flush();
  await run.finish();
  const { dropped, acknowledged } = run.stats;
  expect(dropped).toBeGreaterThan(0);
  expect(dropped + acknowledged).toBe(100);
  const written = await ledger.getRun(run.id);
  expect(written.dropped).toBe(dropped);
  await forgetCompaction(place, run.id);
  expect(await ledger.getRun(run.id)).toEqual(written);
});

test("finish itself records drops that come last", async () => {
  const { place, run, ledger } = await overflowing();
  await run.finish();
  expect((await ledger.getRun(run.id)).dropped).toBe(run.stats.dropped);
  await forgetCompaction(place, run.id);
  expect((await ledger.getRun(run.id)).dropped).toBe(run.stats.dropped);
});

test("an open run records its drops by itself", async () => {
  const { clock, run, ledger } = await overflowing();
  await clock.advance(120_000);
  expect((await ledger.getRun(run.id)).dropped).toBe(run.stats.dropped);
  await run.finish();
});

test("the first dropped point is reported at once, and the next one after the run has recorded the number", async () => {
  const told: string[] = [];
  const place = faultyBackend(memoryBackend(), [{ at: 1, times: 2, mode: "error-before", only: ["append"] }]);
  const onError = ({ code, field, message }: LedgerError): void => void told.push(`${code} ${field}: ${message}`);
  const run = await (
    await openLedger(place, { clock: createTestClock(), onError })
  ).startRun({
    flush: { maxBufferedBytes: 200 },
  });
  const dropped = (): string[] => told.filter((each) => each.startsWith("TOO_LARGE log: more than 200 bytes wait"));
  for (let i = 0; i < 100; i++) run.log({ a: i / 3 });
  expect(run.stats.dropped).toBeGreaterThan(1);
  expect(dropped()).toHaveLength(1);
  for (let i = 0; i < 3; i++) await run.flush().catch(() => {});
  // The row that waits now is followed by others that have no room.
  for (let i = 0; i < 100; i++) run.log({ a: i / 3 });
  expect(dropped()).toHaveLength(2);
  await run.finish();
});

test("a jump of the wall clock is in the journal, and changes nothing else", async () => {
  const place = keepingJournals(memoryBackend());
  const clock = createTestClock();
  const ledger = await openLedger(place, { clock });
  const run = await ledger.startRun();
  run.log({ a: 1 });
  clock.jump(-7_200_000);
  run.log({ a: 2 });
  await run.finish();
  const written = await ledger.getRun(run.id);
  await forgetCompaction(place, run.id);
  expect(await ledger.getRun(run.id)).toEqual(written);
  expect([...(await ledger.history(run.id, "a")).values]).toEqual([1, 2]);
  let journal = "";
  for await (const { key } of place.list(`runs/${run.id}/journal`))
    journal += Buffer.from(await place.read(key)).toString("latin1");
  expect(journal).toContain('"jumpMs":-7200000');
});
