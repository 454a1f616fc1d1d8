import fc from "fast-check";
import { expect, test } from "vitest";
import { openLedger } from "../../src/index.ts";
import { countingBackend, createTestLedger } from "../../src/testing/index.ts";

test("every experiment that has runs, with how many and the latest start, whether or not they are in segments", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.constantFrom("a", "ä b", "C/d", "__proto__"), fc.integer({ min: 0, max: 5 }), fc.nat({ max: 3 })),
        { maxLength: 40 },
      ),
      async (runs) => {
        const { ledger } = await createTestLedger();
        const expected = new Map<string, { runs: number; lastStart: number }>();
        for (const [experiment, startTime, fate] of runs) {
          const run = await ledger.startRun({ experiment, startTime });
          if (fate > 0) await run.finish();
          else await run.flush();
          if (fate === 3) {
            await ledger.deleteRun(run.id);
            continue;
          }
          const known = expected.get(experiment) ?? { runs: 0, lastStart: 0 };
          expected.set(experiment, { runs: known.runs + 1, lastStart: Math.max(known.lastStart, startTime) });
        }
        const sorted = [...expected]
          .map(([name, rest]) => ({ name, ...rest }))
          .sort((a, b) => b.lastStart - a.lastStart || (a.name < b.name ? -1 : 1));
        // The first search puts finished runs into segments.
        for (let time = 0; time < 2; time++) {
          expect(await ledger.experiments()).toEqual(sorted);
          await ledger.searchRuns();
          await ledger.close();
        }
        const count = sorted.reduce((sum, each) => sum + each.runs, 0);
        expect(await ledger.summarise({ metrics: ["loss"] })).toEqual(
          count === 0 ? [] : [{ key: {}, runs: count, metrics: { loss: { count: 0 } } }],
        );
      },
    ),
    { numRuns: 25 },
  );
});

test("it costs requests by experiments, not by runs", async () => {
  const { ledger, backend } = await createTestLedger();
  const counts: number[] = [];
  for (let more = 0; more < 3; more++) {
    for (let i = 0; i < 30; i++) await (await ledger.startRun({ experiment: i % 2 === 0 ? "a" : "b" })).finish();
    // Puts them into segments.
    await ledger.searchRuns();
    await ledger.close();
    await ledger.rebuildCatalog();
    const counting = countingBackend(backend);
    const other = await openLedger(counting);
    const before = counting.counters.requests;
    expect((await other.experiments()).map(({ runs }) => runs)).toEqual([15 * (more + 1), 15 * (more + 1)]);
    counts.push(counting.counters.requests - before);
  }
  expect(new Set(counts).size).toBe(1);
});

test("an abort, and a ledger without runs", async () => {
  const { ledger } = await createTestLedger();
  expect(await ledger.experiments()).toEqual([]);
  await expect(ledger.experiments({ signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
  expect(await ledger.summarise()).toEqual([]);
});

test("summarise without groupBy takes all runs that fit as one group", async () => {
  const { ledger } = await createTestLedger();
  for (const loss of [3, 1, 2]) {
    const run = await ledger.startRun({ params: { loss } });
    run.defineMetric("loss", { goal: "minimize" });
    run.log({ loss: loss + 1 });
    run.log({ loss });
    await run.finish();
  }
  const [all, ...more] = await ledger.summarise({ metrics: ["loss"], filter: "params.loss < 3" });
  expect(more).toEqual([]);
  expect(all).toMatchObject({ key: {}, runs: 2, metrics: { loss: { count: 2, mean: 1.5, min: 1, max: 2, best: 1 } } });
});
