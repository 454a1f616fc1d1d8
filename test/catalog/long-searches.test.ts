import { expect, onTestFinished, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { ClosedRuns } from "../../src/catalog/closed-runs.ts";
import { SearchPlan } from "../../src/catalog/search-plan.ts";
import { SegmentWriter } from "../../src/catalog/segment-write.ts";
import { openLedger } from "../../src/index.ts";
import type { RunRecord } from "../../src/journal/run-record.ts";
import { turnsDuring } from "../turns.ts";
import { countYields } from "../yields.ts";

const METRICS = 100;

function record(i: number): RunRecord {
  const point = { value: i, step: i, time: i };
  const summary = { last: point, min: point, max: point, best: point, mean: i, count: 1 };
  return {
    id: `00000000${String(i).padStart(18, "0")}`,
    name: `run ${i}`,
    experiment: "e",
    status: "finished",
    startTime: i,
    lastActivity: i,
    endTime: i,
    params: { i },
    tags: {},
    metrics: Object.fromEntries(Array.from({ length: METRICS }, (_, k) => [`m${k}`, summary])),
    metricDefinitions: {},
    artifacts: [],
    inputs: [],
    datasets: [],
    dropped: 0,
    damage: [],
  };
}

test("the columns of a segment are written one at a time, with breaks between them", () => {
  const writer = new SegmentWriter("catalog/e/segments/1-a");
  for (let i = 0; i < 300; i++) writer.add({ record: record(i), document: 1, marker: 0 });
  // Six columns for each metric.
  expect(countYields(writer.endInPieces()).yields).toBeGreaterThan(6 * METRICS);
});

test("a search of runs that are in no segment lets other work run after a few of them", async () => {
  const backend = memoryBackend();
  const writing = await openLedger(backend);
  for (let i = 0; i < 600; i++)
    await writing.withRun({ environment: false, params: { i } }, (run) => run.log({ m: i }));
  // What is loaded on demand would let other work run, too.
  await (await openLedger(memoryBackend())).searchRuns();
  const ledger = await openLedger(backend);
  let inTurn = { added: 0, matched: 0 };
  const most = { added: 0, matched: 0 };
  const count = (what: keyof typeof most): void => void (most[what] = Math.max(most[what], ++inTurn[what]));
  const { add } = ClosedRuns.prototype;
  const { rowOf } = SearchPlan.prototype;
  vi.spyOn(ClosedRuns.prototype, "add").mockImplementation(function (this: ClosedRuns, ...args) {
    count("added");
    return add.apply(this, args);
  });
  vi.spyOn(SearchPlan.prototype, "rowOf").mockImplementation(function (this: SearchPlan, ...args) {
    count("matched");
    return rowOf.apply(this, args);
  });
  let isOver = false;
  const turn = (): void => {
    inTurn = { added: 0, matched: 0 };
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  onTestFinished(() => {
    isOver = true;
    vi.restoreAllMocks();
  });
  let found = 0;
  await turnsDuring(async () => (found = (await ledger.searchRuns({ limit: 1000 })).runs.length));
  expect(found).toBe(600);
  expect(most.added).toBeGreaterThan(0);
  expect(most.added).toBeLessThanOrEqual(16);
  expect(most.matched).toBeGreaterThan(0);
  expect(most.matched).toBeLessThanOrEqual(256);
});

test("a large page of records lets other work run between pages that are checked, and records that are decoded", async () => {
  const backend = memoryBackend();
  const writing = await openLedger(backend);
  const params = { text: "x".repeat(2000) };
  const count = 300;
  for (let i = 0; i < count; i++) await writing.withRun({ environment: false, params }, () => {});
  await writing.compactCatalog();
  await (await openLedger(backend)).searchRuns({ limit: 1 });
  const ledger = await openLedger(backend);
  const turns = await turnsDuring(() => ledger.searchRuns({ limit: count }));
  // Two for each record, and one for each page: some 38 pages of eight records.
  expect(turns).toBeGreaterThan(2 * count + 20);
});
