import { expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";

test("what is copied until that which stores it is loaded is bounded, however little would be left of it", async () => {
  // What stores values is loaded once in a process.
  vi.resetModules();
  const { openLedger } = await import("../../src/index.ts");
  const ledger = await openLedger(memoryBackend(), { onError: () => {} });
  const run = await ledger.startRun();
  const numbers = (mib: number): Float64Array => new Float64Array(mib * 2 ** 17);
  void run.logHistogram("a", numbers(30));
  void run.logHistogram("b", numbers(30));
  run.logHistogram("c", numbers(30)).catch(() => {});
  void run.logHistogram("d", numbers(1));
  expect(run.stats).toMatchObject({ dropped: 1, lastError: { code: "TOO_LARGE", field: "c" } });
  await run.finish();
  expect((await ledger.media(run.id)).map(({ key }) => key)).toEqual(["a", "b", "d"]);
  expect(run.stats.dropped).toBe(1);
});
