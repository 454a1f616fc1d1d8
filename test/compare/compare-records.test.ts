import fc from "fast-check";
import { expect, test } from "vitest";
import { compareRecords } from "../../src/compare/compare-records.ts";
import { type ComparedSection, leavesOf } from "../../src/compare/compared-section.ts";
import { createTestLedger } from "../../src/testing/index.ts";
import { anyRecords, record } from "./records.ts";

const paths = (section: ComparedSection): string[][] => [
  section.differs.map(({ path }) => path),
  section.same.map(({ path }) => path),
];

test("nested params differ by leaf; types and absent values count, NaN equals NaN, and -0 equals 0", () => {
  const a = record("a", {
    params: {
      o: { name: "adam", lr: 1, beta: Number.NaN },
      n: 5,
      z: 0,
      none: null,
      sizes: [1, 2],
      list: [{ a: 1, b: 2 }],
    },
  });
  const b = record("b", {
    params: {
      o: { name: "adam", lr: 2, beta: Number.NaN },
      n: "5",
      z: -0,
      sizes: [1, 3],
      list: [{ b: 2, a: 1 }],
      big: 5n,
    },
  });
  const { params } = compareRecords([a, b]);
  expect(paths(params)).toEqual([
    ["big", "n", "none", "o.lr", "sizes"],
    ["list", "o.beta", "o.name", "z"],
  ]);
  expect(params.differs[1]).toEqual({ path: "n", keys: ["n"], values: [5, "5"], present: [true, true] });
  expect(params.differs[2]).toEqual({
    path: "none",
    keys: ["none"],
    values: [null, undefined],
    present: [true, false],
  });
  expect(params.differs[3]?.keys).toEqual(["o", "lr"]);
  expect(params.differs[4]?.values).toEqual([
    [1, 2],
    [1, 3],
  ]);
});

test("a key with a dot is not a path, an empty dictionary is a value, and a dictionary differs from other values", () => {
  const { params } = compareRecords([
    record("a", { params: { a: { b: 1 }, "a.b": 1, e: {}, ["__proto__"]: 1 } }),
    record("b", { params: { "a.b": 1, e: { f: 1 }, ["__proto__"]: 1 } }),
  ]);
  expect(params.differs.map(({ keys, values }) => [keys, values])).toEqual([
    [
      ["a", "b"],
      [1, undefined],
    ],
    [["e"], [{}, undefined]],
    [
      ["e", "f"],
      [undefined, 1],
    ],
  ]);
  expect(params.same.map(({ keys }) => keys)).toEqual([["__proto__"], ["a.b"]]);
});

test("equal paths of different keys have one order, for any order of the runs", () => {
  const nested = record("a", { params: { a: { b: 1 } } });
  const flat = record("b", { params: { "a.b": 1 } });
  const keys = [
    [nested, flat],
    [flat, nested],
  ].map((runs) => compareRecords(runs).params.differs.map(({ keys }) => keys));
  expect(keys).toEqual([
    [["a", "b"], ["a.b"]],
    [["a", "b"], ["a.b"]],
  ]);
});

test("records of a ledger", async () => {
  const { ledger } = await createTestLedger();
  const ids: string[] = [];
  for (const lr of [0.1, 0.2]) {
    const run = await ledger.startRun({ params: { o: { lr, name: "adam" } }, tags: { ["__proto__"]: `${lr}` } });
    run.defineMetric("*", { goal: "minimize" });
    run.log({ loss: lr });
    await run.finish();
    ids.push(run.id);
  }
  const { params, tags, metrics } = compareRecords(await Promise.all(ids.map((id) => ledger.getRun(id))));
  expect(paths(params)).toEqual([["o.lr"], ["o.name"]]);
  expect(tags.differs).toMatchObject([{ path: "__proto__", values: ["0.1", "0.2"] }]);
  expect(metrics).toMatchObject([{ key: "loss", goal: "minimize", best: [ids[0]] }]);
});

test("head, tags, environment and code", () => {
  const { endTime: _, ...running } = record("b", { status: "running", tags: { stage: "prod", "a.b": "x" } });
  const result = compareRecords([
    record("a", {
      tags: { stage: "test", "a.b": "x" },
      environment: { node: "20", os: { name: "linux" } },
      code: { commit: "1" } as never,
    }),
    { ...running, environment: { node: "22", os: { name: "linux" } }, code: { commit: "2" } } as never,
  ]);
  expect(result.runs).toEqual([
    {
      id: "a",
      name: "name of a",
      experiment: "default",
      status: "finished",
      startTime: 1_700_000_000_000,
      duration: 61_000,
    },
    { id: "b", name: "name of b", experiment: "default", status: "running", startTime: 1_700_000_000_000 },
  ]);
  expect(paths(result.tags)).toEqual([["stage"], ["a.b"]]);
  expect(paths(result.environment)).toEqual([["node"], ["os.name"]]);
  expect(result.code.differs[0]?.values).toEqual(["1", "2"]);
});

test("data sets by name and context, inputs by name, both by digest", () => {
  const version = (name: string, version: string, digest: string): object => ({
    name,
    version,
    digest,
    aliases: [],
    metadata: {},
  });
  const { datasets, inputs } = compareRecords([
    record("a", {
      datasets: [
        { time: 0, name: "mnist", digest: "sha256:1", context: "train", size: 5 },
        { time: 0, name: "mnist", digest: "sha256:2", context: "test" },
        { time: 0, name: "mnist", digest: "sha256:3" },
      ],
      inputs: [version("m", "v1", "sha256:b"), version("m", "v0", "sha256:a"), version("n", "v0", "sha256:c")] as never,
    }),
    record("b", {
      datasets: [
        { time: 0, name: "mnist", digest: "sha256:1", context: "train" },
        { time: 0, name: "mnist", digest: "sha256:9", context: "test" },
      ],
      inputs: [version("m", "v0", "sha256:a"), version("m", "v1", "sha256:b"), version("n", "v1", "sha256:d")] as never,
    }),
  ]);
  expect(paths(datasets as never)).toEqual([["mnist", "mnist / test"], ["mnist / train"]]);
  expect(datasets.differs[0]?.present).toEqual([true, false]);
  expect(datasets.differs[1]?.values[1]).toEqual([{ time: 0, name: "mnist", digest: "sha256:9", context: "test" }]);
  expect(paths(inputs as never)).toEqual([["n"], ["m"]]);
});

test("a version that holds a data set of the run is no input beside it", () => {
  const stored = { time: 0, name: "rows", digest: "table-sha256:1", artifact: "rows:v0" };
  const used = { name: "rows", version: "v0", digest: "sha256:a" };
  const { datasets, inputs } = compareRecords([
    record("made", { datasets: [stored] }),
    record("used", { datasets: [stored], inputs: [used, { ...used, version: "v1" }] as never }),
  ]);
  expect(paths(datasets as never)).toEqual([[], ["rows"]]);
  expect(inputs.differs[0]?.values).toEqual([undefined, [{ ...used, version: "v1" }]]);
});

test("metrics: the best runs by the goal, including ties, but never NaN", () => {
  const metricDefinitions = { "val/*": { goal: "minimize" as const }, acc: { goal: "maximize" as const } };
  const { metrics } = compareRecords([
    record("a", { metrics: { "val/loss": [3, 1, 2], acc: [0.5], other: [1], bad: [Number.NaN] }, metricDefinitions }),
    record("b", { metrics: { "val/loss": [1], acc: [Number.NaN, 0.4], other: [1] } }),
    record("c", { metrics: { "val/loss": [Number.NaN], acc: [0.45], other: [1] }, metricDefinitions }),
  ]);
  const by = Object.fromEntries(metrics.map((metric) => [metric.key, metric]));
  expect(Object.keys(by)).toEqual(["acc", "bad", "other", "val/loss"]);
  expect(by["val/loss"]).toMatchObject({ goal: "minimize", best: ["a", "b"], goalConflict: false, same: false });
  expect(by["val/loss"]?.values[1]?.best).toEqual({ value: 1, step: 0, time: 1000 });
  expect(by["val/loss"]?.values[0]).toMatchObject({
    last: { value: 2 },
    min: { value: 1 },
    max: { value: 3 },
    mean: 2,
    count: 3,
  });
  expect(by["acc"]).toMatchObject({ goal: "maximize", best: ["a"] });
  expect(by["other"]).toMatchObject({ best: [], same: true });
  expect(by["other"]).not.toHaveProperty("goal");
  expect(by["bad"]).toMatchObject({ best: [], same: false, values: [{ count: 1 }, undefined, undefined] });
});

test("runs that disagree on the goal have no best", () => {
  const [metric] = compareRecords([
    record("a", { metrics: { m: [1, 2] }, metricDefinitions: { m: { goal: "minimize" } } }),
    record("b", { metrics: { m: [1, 2] }, metricDefinitions: { m: { goal: "maximize" } } }),
  ]).metrics;
  expect(metric).toMatchObject({
    goalConflict: true,
    best: [],
    values: [{ best: { value: 1 } }, { best: { value: 2 } }],
  });
  expect(metric).not.toHaveProperty("goal");
});

test("no runs, and values that are not runs", () => {
  expect(compareRecords([])).toMatchObject({ runs: [], metrics: [], params: { differs: [], same: [] } });
  expect(() => compareRecords("x" as never)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", received: "string" }),
  );
  expect(() => compareRecords([record("a"), { id: 5 } as never])).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "records[1]" }),
  );
});

test("property: differs and same hold every leaf of every run, once, with its value", () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const { params } = compareRecords(records);
      const all = [...params.differs, ...params.same].map(({ keys }) => JSON.stringify(keys));
      expect(new Set(all).size).toBe(all.length);
      for (const [i, run] of records.entries()) {
        const found = new Map<string, unknown>();
        for (const { keys, values, present } of params.differs)
          if (present[i]) found.set(JSON.stringify(keys), values[i]);
        for (const { keys, value } of params.same) found.set(JSON.stringify(keys), value);
        const leaves = leavesOf(run.params);
        expect(found.size).toBe(leaves.length);
        for (const [keys, value] of leaves) expect(found.get(JSON.stringify(keys))).toStrictEqual(value);
      }
      for (const { values, present } of params.differs) {
        const every = present.every(Boolean) && values.every((value) => Object.is(value, values[0]));
        expect(every).toBe(false);
      }
    }),
  );
});

test("property: the order of the runs changes the order of the values alone", () => {
  fc.assert(
    fc.property(anyRecords, fc.infiniteStream(fc.nat()), (records, keys) => {
      const order = records
        .map((_, i) => [keys.next().value as number, i] as const)
        .sort(([a], [b]) => a - b)
        .map(([, i]) => i);
      const before = compareRecords(records);
      const after = compareRecords(order.map((i) => records[i] as never));
      const turn = <T>(list: readonly T[]): T[] => order.map((i) => list[i] as T);
      for (const name of ["params", "tags"] as const) {
        expect(after[name].differs).toStrictEqual(
          before[name].differs.map((row) => ({ ...row, values: turn(row.values), present: turn(row.present) })),
        );
        expect(after[name].same.map(({ keys }) => keys)).toEqual(before[name].same.map(({ keys }) => keys));
      }
      expect(after.metrics.map((metric) => ({ ...metric, best: new Set(metric.best) }))).toStrictEqual(
        before.metrics.map((metric) => ({ ...metric, values: turn(metric.values), best: new Set(metric.best) })),
      );
    }),
  );
});
