import { beforeAll, expect, test } from "vitest";
import { loadAll } from "../../../src/platform/on-demand.ts";
import { createTestLedger } from "../../../src/testing/index.ts";
import { rounds } from "../../rounds.ts";
import { type Sabotage, simulate } from "./simulation.ts";

/** `SEALING_SEED=… npx vitest run test/faults/sealing` plays one order of events, and shows it. */
const only = process.env["SEALING_SEED"];
const ORDERS = rounds(12, 200, "SEALING_ORDERS");
const seeds = only === undefined ? Array.from({ length: ORDERS }, (_, i) => i + 1) : [Number(only)];

// What the library loads on demand is loaded: else the scheduler would wait for files.
beforeAll(async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ environment: false });
  run.log({ any: 1 });
  await run.finish();
  await (await ledger.resumeRun(run.id, { mode: "exclusive" })).finish();
  await ledger.seal(run.id);
  await ledger.verify();
  await ledger.history(run.id, "any");
  await loadAll();
});

test.each(["appends", "objects"] as const)(
  `two sessions and two that seal their run, in ${ORDERS} orders, on a store of %s: what is acknowledged is sealed`,
  { timeout: 300_000 },
  async (store) => {
    const sums = { seals: 0, refused: 0, acknowledged: 0, late: 0 };
    for (const seed of seeds) {
      const { wrong, trace, counts } = await simulate(seed, store);
      expect(wrong, `SEALING_SEED=${seed}\n${trace.join("\n")}`).toEqual([]);
      if (only !== undefined) console.info(trace.join("\n"));
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
    }
    console.info(`sealing (${store}): ${seeds.length} orders, ${JSON.stringify(sums)}`);
    if (only !== undefined) return;
    for (const sum of [sums.seals, sums.refused, sums.acknowledged]) expect(sum).toBeGreaterThan(seeds.length / 2);
  },
);

// The same simulation notices when a part of the protocol is left out.
test.each<[Sabotage, "appends" | "objects"]>([
  ["no look", "appends"],
  ["no look", "objects"],
  ["no marker seen", "appends"],
  ["no marker seen", "objects"],
])("%s, on a store of %s: it is noticed", { timeout: 120_000 }, async (sabotage, store) => {
  for (let seed = 1; seed <= 1000; seed++) {
    const { wrong } = await simulate(seed, store, sabotage);
    if (wrong.length === 0) continue;
    console.info(`${sabotage}, ${store}: order ${seed} shows ${wrong[0]}`);
    return;
  }
  expect.fail("1000 orders show nothing");
});
