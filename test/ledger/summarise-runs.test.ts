import { describe, expect, test } from "vitest";
import { type Ledger, LedgerError, openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { summariseRecords } from "runledger/compare";
import { countingBackend, createTestLedger } from "runledger/testing";
import { where } from "runledger/where";
import { storeSegment } from "../catalog/many-runs.ts";

async function closed(ledger: Ledger, lr: unknown, losses: number[], group?: string): Promise<string> {
  const run = await ledger.startRun({ params: { o: { lr } }, ...(group && { group }) });
  run.defineMetric("loss", { goal: "minimize" });
  for (const loss of losses) run.log({ loss });
  await run.finish();
  return run.id;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("summarise", () => {
  test("the same from loose runs, from segments and from both; types apart; deleted runs left out", async () => {
    const { ledger, backend } = await createTestLedger();
    const lrs = [0.1, "0.1", true, undefined];
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push(await closed(ledger, lrs[i % 4], [5 - i, 9], i % 2 ? "odd" : undefined));
    const query = {
      groupBy: ["params.o.lr", "group"],
      metrics: ["loss", { key: "loss", aggregate: "mean", as: "m" }],
    } as const;
    const loose = await (await openLedger(backend)).summarise(query);
    expect(
      loose.map(({ key, runs, metrics }) => [key["params.o.lr"], key["group"], runs, metrics["loss"]?.bestRun]),
    ).toEqual([
      [0.1, null, 2, ids[4]],
      ["0.1", "odd", 2, ids[5]],
      [true, null, 2, ids[6]],
      [null, "odd", 1, ids[3]],
    ]);
    ids.push(await closed(ledger, 0.1, [0]));
    await ledger.deleteRun(ids.at(-1)!);
    // This one puts them into a segment.
    expect(await ledger.summarise(query)).toEqual(loose);
    await ledger.close();
    const keys = (await all(backend.list("experiments"))).map(({ key }) => key);
    expect(keys.filter((key) => key.includes("/segments/"))).toHaveLength(1);
    expect(await (await openLedger(backend)).summarise(query)).toEqual(loose);
    const open = await ledger.startRun({ params: { o: { lr: 0.1 } } });
    const [first] = await ledger.summarise(query);
    expect(first).toMatchObject({ runs: 3, metrics: { loss: { count: 2 } } });
    await open.finish();

    const records = await all(ledger.iterateRuns());
    expect(await ledger.summarise(query)).toEqual(summariseRecords(records, query));
    const wanted = { ...query, filter: where.metric("loss").gt(3), view: "all" } as const;
    expect((await ledger.summarise(wanted)).reduce((sum, { runs }) => sum + runs, 0)).toBe(7);
    expect(await ledger.summarise({ ...query, experiment: "none" })).toEqual([]);
    expect(await ledger.summarise({ groupBy: [], view: "deleted" })).toEqual([{ key: {}, runs: 1, metrics: {} }]);
  });

  test("a run that two segments hold counts once; no record is read", async () => {
    const backend = countingBackend(memoryBackend());
    const ledger = await openLedger(backend);
    const note = "a long note ".repeat(100);
    const parts = Array.from({ length: 3000 }, (_, i) => {
      // What does not compress.
      const params = { i: i % 3, long: Array.from({ length: 40 }, () => Math.random()).join() };
      return [`r${i}`, { params, note, metrics: { loss: [i, i + 1] } }] as const;
    });
    await storeSegment(backend, 1, parts.slice(0, 2000));
    await storeSegment(backend, 2, parts.slice(1000));
    backend.reset();
    const groups = await ledger.summarise({
      experiment: "default",
      groupBy: ["params.i"],
      metrics: [{ key: "loss", aggregate: "min", goal: "minimize" }],
    });
    expect(groups.map(({ runs }) => runs)).toEqual([1000, 1000, 1000]);
    expect(groups[1]?.metrics["loss"]).toMatchObject({ min: 1, max: 2998, best: 1, bestRun: "r1" });
    expect(backend.counters.requests).toBeLessThanOrEqual(1 + 2 * (1 + 3));
    expect(backend.counters.bytesOut).toBeLessThan(2 * 400_000);
  });

  test("by all params but some: nested, mixed and missing; the same from loose runs, segments and records", async () => {
    const { ledger, backend } = await createTestLedger();
    const all: object[] = [
      { seed: 1, o: { lr: 0.1, seed: { data: 5 } }, layers: [16, 2] },
      { seed: 2, o: { lr: 0.1, seed: { data: 6 } }, layers: [16, 2] },
      { seed: 3, o: { lr: "0.1" }, layers: [16, 2], extra: null },
      { seed: 4, o: { lr: -0 }, layers: 2, extra: {} },
      { seed: 5, o: { lr: 0 }, layers: 2, big: 2n ** 70n + 3n },
      { seed: 6, o: { lr: 0 }, layers: 2, big: 2n ** 70n + 1n },
      {},
    ];
    for (const [i, params] of all.entries()) await ledger.withRun({ params }, (run) => run.log({ loss: i }));
    const query = { groupBy: { allParamsExcept: ["seed", "o.seed", "no such"] }, metrics: ["loss"] };
    const expected = [
      [{}, 1],
      [{ "params.big": 2n ** 70n + 1n, "params.layers": 2, "params.o.lr": 0 }, 1],
      [{ "params.big": 2n ** 70n + 3n, "params.layers": 2, "params.o.lr": 0 }, 1],
      [{ "params.layers": 2, "params.o.lr": 0 }, 1],
      [{ "params.layers.0": 16, "params.layers.1": 2, "params.o.lr": 0.1 }, 2],
      [{ "params.layers.0": 16, "params.layers.1": 2, "params.o.lr": "0.1" }, 1],
    ];
    const shown = async (from: Ledger): Promise<unknown> =>
      (await from.summarise(query)).map(({ key, runs }) => [key, runs]);
    expect(await shown(await openLedger(backend))).toEqual(expected);
    // The search puts the runs into a segment.
    await ledger.searchRuns();
    await ledger.close();
    expect(await shown(await openLedger(backend))).toEqual(expected);
    const { runs: records } = await ledger.searchRuns();
    expect(await ledger.summarise(query)).toEqual(summariseRecords(records, query));
    // Beyond the columns of a segment, only records have all params.
    const wide = (i: number): object => Object.fromEntries(Array.from({ length: 4500 }, (_, k) => [`p${k}`, k + i]));
    for (const i of [0, 1])
      await ledger.startRun({ experiment: "wide", params: { ...wide(i), seed: i } }).then((run) => run.finish());
    await ledger.searchRuns();
    await ledger.close();
    const other = { experiment: "wide", groupBy: { allParamsExcept: ["seed"] } };
    expect((await (await openLedger(backend)).summarise(other)).map(({ runs }) => runs)).toEqual([1, 1]);
  });

  test.each([
    [{ groupBy: "x" }, "groupBy", "INVALID_ARGUMENT"],
    [{ groupBy: {} }, "groupBy.allParamsExcept", "INVALID_ARGUMENT"],
    [{ groupBy: { allParamsExcept: "seed" } }, "groupBy.allParamsExcept", "INVALID_ARGUMENT"],
    [{ groupBy: { allParamsExcept: ["a", ""] } }, "groupBy.allParamsExcept[1]", "INVALID_ARGUMENT"],
    [{ groupBy: { allParamsExcept: ["params.seed"] } }, "groupBy.allParamsExcept[0]", "INVALID_ARGUMENT"],
    [{ groupBy: { allParams: [] } }, "allParams", "UNSUPPORTED"],
    [{ groupBy: ["colour"] }, "groupBy[0]", "INVALID_ARGUMENT"],
    [{ groupBy: [], orderBy: "x" }, "orderBy", "UNSUPPORTED"],
    [{ groupBy: [], filter: "x" }, "filter", "INVALID_ARGUMENT"],
    [{ groupBy: [], view: "x" }, "view", "INVALID_ARGUMENT"],
    [null, "query", "INVALID_ARGUMENT"],
  ] as const)("%j is refused", async (query, field, code) => {
    const { ledger } = await createTestLedger();
    const error = await ledger.summarise(query as never).catch((reason: unknown) => reason);
    expect(LedgerError.hasCode(error, code) && error.field).toBe(field);
  });
});
