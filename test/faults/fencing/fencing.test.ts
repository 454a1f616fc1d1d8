import { beforeAll, expect, test } from "vitest";
import { loadAll } from "../../../src/platform/on-demand.ts";
import { createTestLedger } from "../../../src/testing/index.ts";
import { type Sabotage, simulate, type Store } from "./simulation.ts";
import { rounds } from "../../rounds.ts";

/** `FENCING_SEED=… npx vitest run test/faults/fencing` plays one order of events, and shows it. */
const only = process.env["FENCING_SEED"];
const ORDERS = rounds(12, 1000, "FENCING_ORDERS");
const seeds = only === undefined ? Array.from({ length: ORDERS }, (_, i) => i + 1) : [Number(only)];

const places = [
  ["appends", "appends"],
  ["takes whole objects only", "objects"],
  ["only claims that its creates are exclusive", "racy"],
] as const;

// What the library loads on demand is loaded: else the scheduler would wait for files.
beforeAll(async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ environment: false });
  await run.logArtifact("any", { text: "any" });
  run.log({ any: 1 });
  await run.flush();
  await (await ledger.resumeRun(run.id, { mode: "exclusive" })).finish();
  await ledger.history(run.id, "any");
  await loadAll();
});

test.each(places)(
  `one writer and two that claim its run, in up to ${ORDERS} orders, where the backend %s: nobody shut out has anything acknowledged`,
  { timeout: 300_000 },
  async (name, store) => {
    const played = store === "racy" ? seeds.slice(0, Math.max(10, Math.ceil(ORDERS / 3))) : seeds;
    const sums = { claims: 0, fenced: 0, rows: 0, crashes: 0 };
    for (const seed of played) {
      const { wrong, trace, counts } = await simulate({ seed, store });
      expect(wrong, `FENCING_SEED=${seed}\n${trace.join("\n")}`).toEqual([]);
      if (only !== undefined) console.info(trace.join("\n"));
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
    }
    console.info(`fencing (${name}): ${played.length} orders, ${JSON.stringify(sums)}`);
    if (only !== undefined) return;
    for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(played.length / 10);
  },
);

// The same simulation notices when a part of the protocol is left out.
test.each<[Sabotage, Store]>([
  ["no look", "appends"],
  ["no look", "objects"],
  ["looks too early", "appends"],
  ["looks too early", "objects"],
  ["no claims seen", "racy"],
])("%s, on a store that is %s: it is noticed", async (sabotage, store) => {
  for (let seed = 1; seed <= 1000; seed++) {
    const { wrong } = await simulate({ seed, store, sabotage });
    if (wrong.length === 0) continue;
    console.info(`${sabotage}, ${store}: order ${seed} shows ${wrong[0]}`);
    expect(wrong[0]).toMatch(sabotage === "no claims seen" ? /two sessions claimed one fence/ : /acknowledged/);
    return;
  }
  expect.fail("1000 orders show nothing");
});
