import fc from "fast-check";
import { expect, test } from "vitest";
import { type Objective, paretoFront } from "../../src/compare/pareto-front.ts";
import { anyNumber, record } from "./records.ts";

const metricDefinitions = { loss: { goal: "minimize" as const }, acc: { goal: "maximize" as const } };

test("the runs that no other run dominates, by the goals of the runs, with all duplicates", () => {
  const run = (id: string, loss: number, acc: number): ReturnType<typeof record> =>
    record(id, { metrics: { loss: [0, loss], acc: [acc] }, metricDefinitions });
  const records = [
    run("cheap", 5, 0.1),
    run("good", 1, 0.9),
    run("twin", 1, 0.9),
    run("worse", 1, 0.8),
    run("best", 0, 0.7),
    run("odd", Number.NaN, Number.NaN),
    record("none"),
  ];
  expect(paretoFront(records, [{ metric: "loss" }, { metric: "acc" }])).toEqual({
    objectives: [
      { metric: "loss", goal: "minimize", aggregate: "last" },
      { metric: "acc", goal: "maximize", aggregate: "last" },
    ],
    front: ["best", "good", "twin"],
    excluded: [
      { id: "odd", metrics: ["loss", "acc"] },
      { id: "none", metrics: ["loss", "acc"] },
    ],
  });
  // `best` follows the objective's goal: every run had a loss of 0 once, and "odd" has a best loss, but no accuracy.
  const byBest = paretoFront(records, [
    { metric: "loss", aggregate: "best" },
    { metric: "acc", goal: "minimize" },
  ]);
  expect(byBest.front).toEqual(["cheap"]);
  expect(byBest.excluded[0]).toEqual({ id: "odd", metrics: ["acc"] });
  expect(paretoFront([], [{ metric: "loss", goal: "minimize" }]).front).toEqual([]);
});

test("property: by the definition, for one to four objectives", () => {
  const run = fc.array(fc.oneof(fc.integer({ min: 0, max: 4 }), anyNumber), { minLength: 4, maxLength: 4 });
  const goal = fc.constantFrom("minimize" as const, "maximize" as const);
  fc.assert(
    fc.property(fc.array(run, { maxLength: 25 }), fc.array(goal, { minLength: 1, maxLength: 4 }), (rows, goals) => {
      const objectives: Objective[] = goals.map((goal, i) => ({ metric: `m${i}`, goal }));
      const records = rows.map((row, i) =>
        record(`r${i}`, { metrics: Object.fromEntries(row.map((value, k) => [`m${k}`, [value]])) }),
      );
      const better = (i: number, a: number, b: number): boolean => (goals[i] === "minimize" ? a < b : a > b);
      const valid = rows.map((row) => goals.every((_, i) => !Number.isNaN(row[i])));
      const dominates = (a: number[], b: number[]): boolean =>
        goals.every((_, i) => !better(i, b[i] as number, a[i] as number)) &&
        goals.some((_, i) => better(i, a[i] as number, b[i] as number));
      const expected = rows.flatMap((row, i) =>
        valid[i] && !rows.some((other, k) => valid[k] && dominates(other, row)) ? [`r${i}`] : [],
      );
      const { front, excluded } = paretoFront(records, objectives);
      expect(front.toSorted()).toEqual(expected.toSorted());
      expect(excluded.map(({ id }) => id)).toEqual(records.filter((_, i) => !valid[i]).map(({ id }) => id));
    }),
  );
});

test("10,000 runs that are all on the front of four objectives", { timeout: 180_000 }, () => {
  let seed = 1;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const records = Array.from({ length: 10_000 }, (_, i) => {
    const [a, b, c] = [random(), random(), random()];
    return record(`r${i}`, { metrics: { a: [a], b: [b], c: [c], d: [-a - b - c] } });
  });
  const objectives = ["a", "b", "c", "d"].map((metric) => ({ metric, goal: "minimize" as const }));
  expect(paretoFront(records, objectives).front).toHaveLength(10_000);
  expect(paretoFront(records, objectives.slice(0, 2)).front.length).toBeLessThan(100);
});

test("errors name the wrong part", () => {
  const records = [record("a", { metrics: { m: [1], loss: [1] }, metricDefinitions })];
  const other = record("b", { metrics: { loss: [1] }, metricDefinitions: { loss: { goal: "maximize" } } });
  const fails = (objectives: unknown, field: string, all = records): void =>
    expect(() => paretoFront(all, objectives as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    );
  fails([], "objectives");
  fails("loss", "objectives");
  fails([null], "objectives[0].metric");
  fails([{ metric: "m" }], "objectives[0].goal");
  fails([{ metric: "loss" }, { metric: "loss", goal: "up" }], "objectives[1].goal");
  fails([{ metric: "loss", aggregate: "sum" }], "objectives[0].aggregate");
  fails([{ metric: "loss" }], "objectives[0].goal", [...records, other]);
});
