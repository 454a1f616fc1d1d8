import fc from "fast-check";
import { expect, test } from "vitest";
import { ownValue } from "../../src/bytes/dictionary.ts";
import { identity } from "../../src/compare/value-identity.ts";
import { type GroupMetric, RunGrouper, summariseRecords } from "../../src/compare/run-groups.ts";
import { recordRow } from "../../src/filter/filter-row.ts";
import type { RunRecord } from "../../src/journal/run-record.ts";
import { anyRecords, record } from "./records.ts";

test("groups in order, types apart, missing as null; best by the goal with its run", () => {
  const metricDefinitions = { loss: { goal: "minimize" as const } };
  const run = (id: string, lr: unknown, loss: number[], experiment = "e"): RunRecord =>
    record(id, { params: lr === undefined ? {} : { o: { lr } }, metrics: { loss }, metricDefinitions, experiment });
  const groups = summariseRecords(
    [
      run("a", "5", [1]),
      run("b", 5, [4, 2]),
      run("c", 5, [4]),
      run("d", undefined, [1]),
      run("e", 5, [Number.NaN]),
      run("f", 0.5, [1], "f"),
      run("g", 5, [9]),
      record("h", { params: { o: { lr: 0.5 } }, experiment: "f" }),
    ],
    {
      groupBy: ["params.o.lr", { kind: "attribute", name: "experiment" }],
      metrics: ["loss", { key: "loss", aggregate: "max", as: "worst" }],
    },
  );
  expect(groups.map(({ key, runs }) => [key["params.o.lr"], key["attributes.experiment"], runs])).toEqual([
    [0.5, "f", 2],
    [5, "e", 4],
    ["5", "e", 1],
    [null, "e", 1],
  ]);
  expect(groups[1]?.metrics["loss"]).toEqual({
    count: 3,
    mean: 5,
    std: Math.sqrt(13),
    min: 2,
    max: 9,
    median: 4,
    best: 2,
    bestRun: "b",
  });
  expect(groups[1]?.metrics["worst"]).toMatchObject({ min: 4, bestRun: "c", median: 4 });
  expect(groups[0]?.metrics["loss"]).toEqual({ count: 1, mean: 1, min: 1, max: 1, median: 1, best: 1, bestRun: "f" });
});

test("without fields one group; runs that disagree on the goal have no best; no run, no group", () => {
  const records = [
    record("a", { metrics: { m: [1] }, metricDefinitions: { m: { goal: "minimize" } } }),
    record("b", { metrics: { m: [Infinity] }, metricDefinitions: { m: { goal: "maximize" } } }),
    record("c", { metrics: { n: [Number.NaN] } }),
  ];
  const [group, ...none] = summariseRecords(records, { groupBy: [], metrics: ["m", "n", "__proto__"] });
  expect(none).toEqual([]);
  expect(group?.runs).toBe(3);
  expect(group?.metrics["m"]).toEqual({
    count: 2,
    mean: Infinity,
    std: Number.NaN,
    min: 1,
    max: Infinity,
    median: Infinity,
  });
  expect(group?.metrics["n"]).toEqual({ count: 0 });
  expect(Object.keys(group?.metrics as object)).toEqual(["m", "n", "__proto__"]);
  expect(summariseRecords([], { groupBy: [] })).toEqual([]);
});

const minimized = { metricDefinitions: { m: { goal: "minimize" as const } } };

test("the goal of the query counts, else that of the runs; a group without one takes that of the others", () => {
  const records = [
    record("a", { metrics: { m: [3] }, group: "x" }),
    record("b", { metrics: { m: [3] }, group: "x" }),
    record("c", { metrics: { m: [4] }, group: "x" }),
    record("d", { metrics: { m: [4, 5] }, group: "y", ...minimized }),
  ];
  const best = (metric: object): unknown[] =>
    summariseRecords(records, { groupBy: ["group"], metrics: [{ key: "m", ...metric }] }).map(
      ({ metrics }) => metrics["m"]?.bestRun,
    );
  expect(best({})).toEqual(["b", "d"]);
  expect(best({ goal: "maximize" })).toEqual(["c", "d"]);
});

test("a best value that is only the least or only the greatest shows the goal", () => {
  const told = (...parts: Parameters<typeof record>[1][]): unknown => {
    const summary = new RunGrouper({ groupBy: [], metrics: ["m"] });
    parts.forEach((part, i) => summary.add(recordRow(record(`r${i}`, part))));
    return summary.result()[0]?.metrics["m"]?.bestRun;
  };
  const maximized = { metricDefinitions: { m: { goal: "maximize" as const } } };
  expect(told({ metrics: { m: [1, 2] }, ...minimized }, { metrics: { m: [1] } })).toBe("r1");
  expect(told({ metrics: { m: [1, 2] }, ...maximized }, { metrics: { m: [1] } })).toBe("r0");
  expect(told({ metrics: { m: [1] }, ...minimized }, { metrics: { m: [2, 2] }, ...minimized })).toBeUndefined();
  expect(told({ metrics: { m: [1, 2] } })).toBeUndefined();
  expect(told({ metrics: { m: [1, 2] }, ...minimized }, { metrics: { m: [1, 2] }, ...maximized })).toBeUndefined();
  expect(told({ metrics: { m: [Number.NaN] }, ...minimized })).toBeUndefined();
});

test("the median of more than 10,000 values is absent, and the rest is present", () => {
  const summary = new RunGrouper({ groupBy: [], metrics: ["m"] });
  const run = recordRow(record("a", { metrics: { m: [1] } }));
  for (let i = 0; i < 10_000; i++) summary.add(run);
  expect(summary.result()[0]?.metrics["m"]).toMatchObject({ median: 1, count: 10_000 });
  summary.add(run);
  const stats = summary.result()[0]?.metrics["m"];
  expect(stats).toMatchObject({ mean: 1, std: 0, count: 10_001 });
  expect(stats).not.toHaveProperty("median");
});

test("errors name the wrong part", () => {
  const fails = (query: unknown, field: string): void =>
    expect(() => summariseRecords([], query as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    );
  fails({ groupBy: "x" }, "groupBy");
  fails({ groupBy: ["x"] }, "groupBy[0]");
  fails({ groupBy: [], metrics: {} }, "metrics");
  fails({ groupBy: [], metrics: [null] }, "metrics[0]");
  fails({ groupBy: [], metrics: ["a", { key: "a", aggregate: "sum" }] }, "metrics[1].aggregate");
  fails({ groupBy: [], metrics: ["a", { key: "a", aggregate: "min" }] }, "metrics[1].as");
  fails({ groupBy: [], metrics: [{ key: "a", goal: "least" }] }, "metrics[0].goal");
  fails({ groupBy: ["datasets.name"] }, "groupBy[0]");
  fails({ groupBy: [{ kind: "dataset", name: "name" }] }, "groupBy[0]");
  expect(() => summariseRecords([5 as never], { groupBy: [] })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "records[0]", received: "number" }),
  );
});

function naive(values: readonly number[]): Record<string, number> {
  const count = values.length;
  if (count === 0) return { count };
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const sorted = values.toSorted((a, b) => a - b);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count,
    mean,
    ...(count > 1 && { std: Math.sqrt(squares / (count - 1)) }),
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
    median: ((sorted[(count - 1) >> 1] as number) + (sorted[count >> 1] as number)) / 2,
  };
}

const isNear = (a: number | undefined, b: number): boolean =>
  Object.is(a, b) || a === b || Math.abs((a as number) - b) < 1e-3;

const valueOf = (run: RunRecord): unknown => recordRow(run).param("lr") ?? null;

test("property: the same as grouping and calculating at once, whatever the order of the runs' groups", () => {
  fc.assert(
    fc.property(anyRecords, anyRecords, (some, more) => {
      const records = [...some, ...more].map((run, i) => ({ ...run, id: `r${i}` }));
      const groups = summariseRecords(records, { groupBy: ["params.lr"], metrics: ["loss", "__proto__"] });
      const expected = new Map<string, RunRecord[]>();
      for (const run of records) {
        const id = identity(valueOf(run));
        expected.set(id, [...(expected.get(id) ?? []), run]);
      }
      expect(groups.map(({ key }) => identity(key["params.lr"])).toSorted()).toEqual([...expected.keys()].toSorted());
      for (const { key, runs, metrics } of groups) {
        const own = expected.get(identity(key["params.lr"])) as RunRecord[];
        expect(runs).toBe(own.length);
        for (const name of ["loss", "__proto__"]) {
          const values = own
            .flatMap(({ metrics }) => ownValue(metrics, name)?.last.value ?? [])
            .filter((value) => !Number.isNaN(value));
          const { best, bestRun, ...stats } = metrics[name] as GroupMetric;
          const wanted = naive(values);
          expect(Object.keys(stats).toSorted()).toEqual(Object.keys(wanted).toSorted());
          for (const key of Object.keys(wanted) as (keyof typeof stats)[]) {
            expect([key, stats[key], wanted[key], isNear(stats[key], wanted[key] as number)]).toContain(true);
          }
          expect(best === undefined).toBe(bestRun === undefined);
          if (best === undefined) continue;
          const those = own.filter(({ metrics }) => ownValue(metrics, name)?.last.value === best).map(({ id }) => id);
          expect(those.toSorted().at(-1)).toBe(bestRun);
          expect([Math.min(...values) + 0, Math.max(...values) + 0]).toContain(best + 0);
        }
      }
      const order = groups.map(({ key }) => identity(key));
      expect(
        summariseRecords(records.toReversed(), { groupBy: ["params.lr"] }).map(({ key }) => identity(key)),
      ).toEqual(order);
    }),
  );
});
