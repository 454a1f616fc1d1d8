import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { SegmentWriter } from "../../../src/catalog/segment-write.ts";
import { loadAll } from "../../../src/platform/on-demand.ts";
import { createTestLedger } from "../../../src/testing/index.ts";
import { type Sabotage, simulate } from "./simulation.ts";
import { rounds } from "../../rounds.ts";

/** `CATALOG_SEED=… npx vitest run test/faults/catalog/simulation.test.ts` plays one order of events, and shows it. */
const only = process.env["CATALOG_SEED"];
const ORDERS = rounds(6, 200, "CATALOG_ORDERS");
const seeds = only === undefined ? Array.from({ length: ORDERS }, (_, i) => i + 1) : [Number(only)];

const places = [
  ["appends", true],
  ["takes whole objects only", false],
] as const;

// What the library loads on demand is loaded: else the scheduler would wait for files.
beforeAll(async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ environment: false });
  run.log({ any: 1 });
  await run.finish();
  await (await ledger.resumeRun(run.id)).finish();
  await ledger.deleteRun(run.id);
  await ledger.searchRuns();
  await loadAll();
});
afterEach(() => vi.restoreAllMocks());

test.each(places)(
  `writers, searchers and a rebuilder in ${ORDERS} orders, where the backend %s: no search misses a closed run, shows it twice or as it was`,
  { timeout: 300_000 },
  async (name, appends) => {
    const sums = { searches: 0, segments: 0, resumed: 0, crashes: 0 };
    for (const seed of seeds) {
      const { wrong, trace, counts } = await simulate({ seed, appends });
      expect(wrong, `CATALOG_SEED=${seed}\n${trace.join("\n")}`).toEqual([]);
      if (only !== undefined) console.info(trace.join("\n"));
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
    }
    console.info(`catalogue (${name}): ${seeds.length} orders, ${JSON.stringify(sums)}`);
    if (only !== undefined) return;
    for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(ORDERS / 10);
  },
);

/** Plays orders until something is wrong, and returns what. `first`: the order that showed it last time. */
async function noticed(sabotage: Sabotage | undefined, appends: boolean, first: number): Promise<string | undefined> {
  for (let seed = first; seed < first + 1000; seed++) {
    const { wrong } = await simulate({ seed, appends, ...(sabotage && { sabotage }) });
    if (wrong.length === 0) continue;
    console.info(`${sabotage ?? "spied"}, appends ${appends}: order ${seed} shows ${wrong[0]}`);
    return wrong[0];
  }
  return undefined;
}

// The same simulation notices when a rule is broken.
test.each<[Sabotage, boolean, number]>([
  ["removes early", true, 18],
  ["removes early", false, 18],
  ["resumes unseen", true, 2],
  ["resumes unseen", false, 12],
])("%s, appends: %s: it is noticed", { timeout: 120_000 }, async (sabotage, appends, first) => {
  expect(await noticed(sabotage, appends, first)).toMatch(/misses|stale|otherwise/);
});

test("segments that do not say which rows stand in for older ones: it is noticed", { timeout: 120_000 }, async () => {
  const add = SegmentWriter.prototype.add;
  vi.spyOn(SegmentWriter.prototype, "add").mockImplementation(function (this: SegmentWriter, row) {
    return add.call(this, { ...row, document: 1, marker: 0 });
  });
  expect(await noticed(undefined, true, 11)).toMatch(/stale|twice|otherwise/);
});
