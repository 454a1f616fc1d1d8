import * as fc from "fast-check";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type LedgerError, openLedger, type RunRecord } from "../../src/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { rounds, sampled } from "../rounds.ts";

/** Names that are legal, and that mean something to JSON, JavaScript or the library itself. */
const NAMES = [
  "$rl",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "toJSON",
  "length",
  "metrics",
  "summaries",
  "crc32",
  "v",
  "kind",
  "0",
  "10",
  "-1",
  "4294967295",
  "\ufeffname",
  "name\ufeff",
  "a\u2028b",
  '"',
  "\\",
  "a.b",
  "a/b",
  "[0]",
  "é",
  "e\u0301",
  "😀",
];

const keyed = (names: readonly string[], valueOf: (i: number) => unknown): object =>
  Object.fromEntries(names.map((name, i) => [name, valueOf(i)]));

/** A run that uses each name wherever a run takes one, and a second session, so that the folds of the first are stored. */
async function assertKept(names: readonly string[], deepNames: readonly string[]): Promise<void> {
  const backend = memoryBackend();
  const clock = createTestClock(undefined, { tickMs: 1 });
  const told: LedgerError[] = [];
  const ids = seededIds(1, () => clock.now());
  const open = (): ReturnType<typeof openLedger> =>
    openLedger(backend, { clock, ids, environment: {}, onError: (error) => told.push(error) });
  const ledger = await open();
  const expected: RunRecord[] = [];
  for (let i = 0; i < 9; i++) {
    const run = await ledger.startRun({
      params: { ...keyed(deepNames, () => keyed(deepNames, (k) => k)) },
      environment: keyed(deepNames, (k) => [k]),
      tags: keyed(names, String) as Record<string, string>,
    });
    run.log(keyed(names, (k) => k + i / 10) as Record<string, number>);
    for (const name of names) {
      run.logText(name, "text");
      run.defineMetric(name, { goal: "minimize", stepMetric: name, unit: name, description: name });
      run.logDataset(name, { digest: name }, { context: name });
    }
    await run.finish();
    if (i === 0) {
      const again = await ledger.resumeRun(run.id);
      again.log(keyed(names, (k) => -k) as Record<string, number>);
      await again.finish();
    }
    expected.push(await ledger.getRun(run.id));
  }
  expect(Object.keys(expected[0]!.metrics).toSorted()).toEqual([...names].toSorted());
  expect(Object.keys(expected[0]!.params).toSorted()).toEqual([...deepNames].toSorted());
  const assertFound = async (): Promise<void> => {
    // Another ledger, because the first one keeps segments in memory.
    const { runs, unreadable } = await (await open()).searchRuns({ orderBy: "start_time ASC" });
    expect(unreadable).toBeUndefined();
    expect(runs).toEqual(expected);
    for (const [k, run] of runs.entries())
      for (const key of ["params", "tags", "metrics", "environment"] as const)
        expect(Object.keys(run[key]!).toSorted()).toEqual(Object.keys(expected[k]![key]!).toSorted());
  };
  await assertFound();
  await assertFound();
  const points = await (await open()).histories(expected[3]!.id);
  expect([...points.keys()].toSorted()).toEqual([...names].toSorted());
  await ledger.rebuildCatalog();
  await assertFound();
  expect(told).toEqual([]);
}

test("every hostile name alone is read back from each place that stores it", async () => {
  for (const name of sampled(NAMES, 3)) await assertKept([name], [name]);
});

test("all hostile names together, and the empty one where it is legal", async () => {
  await assertKept(NAMES, [...NAMES, ""]);
});

test("names from random characters are read back", async () => {
  const part = fc.constantFrom("$rl", "$", "rl", "\ufeff", "0", "1", ".", '"', "\\", "_", "proto", "é", "\u0301");
  const name = fc
    .array(part, { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(""))
    .filter((text) => text.trim() !== "");
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), (names) => assertKept(names, names)),
    { numRuns: rounds(5, 500), seed: 1 },
  );
});
