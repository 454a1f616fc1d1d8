import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerError } from "runledger";
import { compareRecords, summariseRecords } from "runledger/compare";
import { where } from "runledger/where";
import { createTestLedger } from "runledger/testing";

type Ledger = Awaited<ReturnType<typeof createTestLedger>>["ledger"];

/** Runs of one experiment, in segments as soon as somebody searches. */
async function withParams(all: readonly object[]): Promise<Ledger> {
  const { ledger } = await createTestLedger();
  for (const [i, params] of all.entries()) await (await ledger.startRun({ name: `r${i}`, params })).finish();
  await ledger.searchRuns();
  await ledger.close();
  return ledger;
}

async function names(ledger: Ledger, query: object): Promise<string[]> {
  return (await ledger.searchRuns({ limit: 1000, ...query })).runs.map(({ name }) => name);
}

/** Compares with BigInt only. The literal is given as digits. */
const OPERATORS: Record<string, (a: bigint, b: bigint) => boolean> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

const seed = fc.oneof(
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: 2n ** 62n - 2n, max: 2n ** 62n + 2n }),
  fc.bigInt({ min: -(2n ** 64n) - 2n, max: -(2n ** 64n) + 2n }),
  fc.bigInt({ min: -5n, max: 5n }),
  fc.constant(10n ** 400n),
);

test("integers compare, sort and group by all their digits, in segments and in entries, as text and as built", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(seed, { minLength: 2, maxLength: 6 }), seed, async (seeds, wanted) => {
      const ledger = await withParams(seeds.map((each) => ({ seed: each })));
      // One more than the segments have.
      const late = seeds[0]!;
      await (await ledger.startRun({ name: `r${seeds.length}`, params: { seed: late } })).finish();
      const all = [...seeds, late];
      for (const literal of [wanted, seeds[1]!]) {
        for (const [operator, holds] of Object.entries(OPERATORS)) {
          const expected = all.flatMap((each, i) => (holds(each, literal) ? [`r${i}`] : [])).toSorted();
          const found = await names(ledger, { filter: `params.seed ${operator} ${literal}` });
          expect([operator, literal, found.toSorted()]).toEqual([operator, literal, expected]);
        }
        const built = await names(ledger, { filter: where.param("seed").eq(literal as never) });
        const expected = all.flatMap((each, i) => (each === literal ? [`r${i}`] : [])).toSorted();
        expect(built.toSorted()).toEqual(expected);
        expect((await names(ledger, { filter: `params.seed = '${literal}'` })).toSorted()).toEqual(expected);
      }
      const { runs } = await ledger.searchRuns({ orderBy: "params.seed", limit: 1000 });
      const sorted = all.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      expect(runs.map(({ params }) => params["seed"])).toEqual(sorted);
      // Page by page, the last value of each in a token.
      const paged: unknown[] = [];
      for await (const { params } of ledger.iterateRuns({ orderBy: "params.seed DESC", limit: 2 }))
        paged.push(params["seed"]);
      expect(paged).toEqual(sorted.toReversed());

      const counts = new Map<bigint, number>();
      for (const each of sorted) counts.set(each, (counts.get(each) ?? 0) + 1);
      const groups = await ledger.summarise({ groupBy: ["params.seed"] });
      expect(groups.map(({ key, runs: n }) => [BigInt(key["params.seed"] as never), n])).toEqual([...counts]);
      expect(summariseRecords(runs, { groupBy: ["params.seed"] })).toEqual(groups);
    }),
    { numRuns: 5 },
  );
}, 60_000);

test("5n and 5, and -0 and 0, are one value in filters, groups, comparisons and repeated params", async () => {
  const ledger = await withParams([
    { n: 5n, z: 0 },
    { n: 5, z: -0 },
    { n: "5", z: 0n },
  ]);
  for (const filter of ["params.n = 5", "params.z = 0"]) expect(await names(ledger, { filter })).toContain("r0");
  expect(await names(ledger, { filter: "params.n = 5" })).toEqual(["r1", "r0"]);
  expect(await names(ledger, { filter: "params.n = '5'" })).toEqual(["r2", "r1", "r0"]);
  expect(await names(ledger, { filter: "params.z = '0'" })).toEqual(["r2", "r1", "r0"]);
  const groups = await ledger.summarise({ groupBy: ["params.z"] });
  expect(groups).toStrictEqual([{ key: { "params.z": 0 }, runs: 3, metrics: {} }]);
  expect((await ledger.summarise({ groupBy: ["params.n"] })).map(({ key, runs }) => [key["params.n"], runs])).toEqual([
    [5, 2],
    ["5", 1],
  ]);
  const { runs } = await ledger.searchRuns({ filter: "params.n = 5" });
  const { params } = compareRecords(runs);
  expect(params.differs).toEqual([]);
  const big = compareRecords([
    { ...runs[0]!, params: { n: 2n ** 60n + 1n } },
    { ...runs[1]!, params: { n: 2 ** 60 } },
  ]);
  expect(big.params.differs).toHaveLength(1);

  const run = await ledger.startRun({ params: { n: 5, z: 0, m: 2n ** 60n } });
  run.setParams({ n: 5n, z: -0, m: 2 ** 60 });
  expect(() => run.setParams({ m: 2n ** 60n + 1n })).toThrow(LedgerError);
});

test("a list or an object is present: IS NULL is false", async () => {
  const all = [
    { layers: [16, 2] },
    { layers: { a: 1 } },
    { layers: [] },
    { layers: {} },
    { layers: null },
    {},
    { layers: 5 },
    { "layers.0": 1 },
    { cfg: { layers: null } },
    { layers: 2n ** 60n + 1n },
    { layers: "x" },
  ];
  const there = ["r0", "r1", "r10", "r2", "r3", "r6", "r9"];
  const missing = ["r4", "r5", "r7", "r8"];
  const check = async (ledger: Ledger): Promise<void> => {
    expect((await names(ledger, { filter: "params.layers IS NOT NULL" })).toSorted()).toEqual(there);
    expect((await names(ledger, { filter: "params.layers IS NULL" })).toSorted()).toEqual(missing);
    expect((await names(ledger, { filter: "NOT params.layers IS NULL" })).toSorted()).toEqual(there);
    expect(await names(ledger, { filter: "params.layers = '16,2' OR params.layers > 100000" })).toEqual(["r9"]);
    expect(await names(ledger, { filter: "params.layers LIKE '%'" })).toEqual(["r10", "r9", "r6"]);
  };
  const ledger = await withParams(all);
  await check(ledger);
  // If all runs of a segment have a list, the segment has no other column for it.
  const lists = await withParams([{ layers: [1] }, { layers: [2] }]);
  expect(await names(lists, { filter: "params.layers IS NULL" })).toEqual([]);
  expect(await names(lists, { filter: "params.layers IS NOT NULL" })).toEqual(["r1", "r0"]);
  await ledger.rebuildCatalog();
  await check(ledger);
  expect(
    (await ledger.summarise({ groupBy: ["params.layers"] })).map(({ key, runs }) => [key["params.layers"], runs]),
  ).toEqual([
    [5, 1],
    [2n ** 60n + 1n, 1],
    ["x", 1],
    [null, 8],
  ]);
});

test("of two params with one path, a value counts before a null", async () => {
  const ledger = await withParams([
    { "a.b": null, a: { b: 7 } },
    { "a.b": 3, a: { b: 7 } },
    { "a.b": [1], a: { b: 9 } },
  ]);
  expect(await names(ledger, { filter: "params.a.b = 7" })).toEqual(["r0"]);
  expect(await names(ledger, { filter: "params.a.b = 3" })).toEqual(["r1"]);
  expect(await names(ledger, { filter: "params.a.b = 9" })).toEqual(["r2"]);
  expect(await names(ledger, { filter: "params.a.b IS NULL" })).toEqual([]);
});
