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

test("tables of the first call of a process are stored as they were at the call", async () => {
  vi.resetModules();
  const { openLedger } = await import("../../src/index.ts");
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun();
  const date = new Date(7);
  const cells = [1, "a", true, 5n, date, null];
  const names = cells.map((_, i) => `c${i}`);
  const rows = [[...cells]];
  const columns = Object.fromEntries(names.map((name, i) => [name, [cells[i]!]]));
  const objects = [Object.fromEntries(names.map((name, i) => [name, cells[i]!]))];
  void run.logTable("rows", { columns: names, rows });
  void run.logTable("columns", columns);
  void run.logTable("objects", objects);
  date.setTime(9);
  rows[0]![0] = 2;
  columns["c1"]![0] = "b";
  objects[0]!["c2"] = false;
  await run.finish();
  for (const entry of await ledger.media(run.id)) {
    const { columns } = (await ledger.openMedia(entry)) as unknown as { columns: Record<string, unknown[]> };
    expect(names.map((name) => columns[name]![0])).toEqual([1, "a", true, 5n, new Date(7), null]);
  }
});
