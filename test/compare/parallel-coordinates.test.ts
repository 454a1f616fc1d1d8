import fc from "fast-check";
import { expect, test } from "vitest";
import { recordRow } from "../../src/filter/filter-row.ts";
import { toField } from "../../src/filter/parse-field.ts";
import { axisValue, parallelCoordinates } from "../../src/compare/parallel-coordinates.ts";
import { anyRecords, record } from "./records.ts";

const records = [
  record("a", {
    params: { o: { lr: 0.1 }, act: "relu", mixed: 5, same: 1, deep: true },
    metrics: { loss: [1, 2], acc: [3] },
  }),
  record("b", {
    params: { o: { lr: 1e-4 }, act: "gelu", mixed: "5", same: 1, deep: 2n },
    metrics: { loss: [Number.NaN] },
  }),
  record("c", { params: { o: { lr: 1 }, act: null, same: 1, deep: false }, metrics: { loss: [Infinity] } }),
];

test("axes of numbers and of categories, with null if there is nothing to draw", () => {
  const axes = [
    "params.o.lr",
    "params.act",
    "params.mixed",
    "metrics.loss",
    "metrics.loss.min",
    "status",
    "params.absent",
  ];
  expect(parallelCoordinates(records, [...axes, { kind: "param", key: "deep" }])).toEqual({
    axes: [
      { label: "params.o.lr", type: "number", domain: [1e-4, 1], scale: "log" },
      { label: "params.act", type: "category", categories: ["gelu", "relu"] },
      { label: "params.mixed", type: "category", categories: ["5", '"5"'] },
      { label: "metrics.loss", type: "number", domain: [2, 2] },
      { label: "metrics.loss.min", type: "number", domain: [1, 1] },
      { label: "status", type: "category", categories: ["finished"] },
      { label: "params.absent", type: "category", categories: [] },
      { label: "params.deep", type: "category", categories: ["2", "false", "true"] },
    ],
    lines: [
      { id: "a", name: "name of a", values: [0.1, "relu", "5", 2, 1, "finished", null, "true"] },
      { id: "b", name: "name of b", values: [1e-4, "gelu", '"5"', null, null, "finished", null, "2"] },
      { id: "c", name: "name of c", values: [1, null, null, null, null, "finished", null, "false"] },
    ],
  });
});

test("without axes: params that differ, then metrics with a goal, else all", () => {
  const labels = (all: typeof records): string[] => parallelCoordinates(all).axes.map(({ label }) => label);
  expect(labels(records)).toEqual([
    "params.act",
    "params.deep",
    "params.mixed",
    "params.o.lr",
    "metrics.acc",
    "metrics.loss",
  ]);
  expect(
    labels([record("a", { metrics: { x: [1], y: [1] }, metricDefinitions: { y: { goal: "minimize" } } })]),
  ).toEqual(["metrics.y"]);
});

test("property: every value is on its axis", () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const { axes, lines } = parallelCoordinates(records);
      expect(lines.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
      for (const { values } of lines) {
        expect(values.length).toBe(axes.length);
        for (const [i, value] of values.entries()) {
          const axis = axes[i] as (typeof axes)[number];
          if (value === null) continue;
          if (axis.type === "category") expect(axis.categories).toContain(value);
          else expect((value as number) >= axis.domain[0] && (value as number) <= axis.domain[1]).toBe(true);
        }
      }
    }),
  );
});

test("errors name the wrong part", () => {
  const fails = (axes: unknown, field: string): void =>
    expect(() => parallelCoordinates(records, axes as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    );
  fails("params.lr", "axes");
  fails(["params.lr", "artefacts.x"], "axes[1]");
  fails(["colour"], "axes[0]");
  fails([5], "axes[0]");
  fails([{ kind: "metric", key: "m", aggregate: "sum" }], "axes[0].aggregate");
  fails(["datasets.name"], "axes[0]");
});

test("the value of a run on an axis", () => {
  const run = record("a", {
    params: {
      a: { "b.c": { d: 1 }, b: { x: 2 } },
      "a.b": { y: 3 },
      "a.b.x": 4,
      ["__proto__"]: 5,
      empty: { e: null },
      layers: [64, 32],
      n: 2n ** 70n + 1n,
    },
    tags: { stage: "prod" },
    metrics: { loss: [3, 1, 2] },
    group: "g",
  });
  const value = (text: string): unknown => axisValue(run, recordRow(run), toField(text, "x").field);
  expect(value("params.a.b.c.d")).toBe(1);
  expect(value("params.a.b.x")).toBe(4);
  expect(value("params.a.b.y")).toBe(3);
  expect(value("params.a.b.z")).toBeUndefined();
  expect(value("params.__proto__")).toBe(5);
  expect(value("params.toString")).toBeUndefined();
  expect(value("params.empty.e")).toBeNull();
  expect(value("params.empty.e.f")).toBeUndefined();
  expect(value("params.layers")).toEqual([64, 32]);
  expect(value("params.layers.1")).toBe(32);
  expect(value("params.n")).toBe(2n ** 70n + 1n);
  expect(value("tags.stage")).toBe("prod");
  expect(value("tags.constructor")).toBeUndefined();
  expect(value("metrics.loss")).toBe(2);
  expect(value("metrics.loss.mean")).toBe(2);
  expect(value("metrics.loss.best")).toBeUndefined();
  expect(value("metrics.__proto__")).toBeUndefined();
  expect(value("group")).toBe("g");
  expect(value("parent")).toBeUndefined();
  expect(value("attributes.run_id")).toBe("a");
  expect(value("attributes.start_time")).toBe(run.startTime);
  expect(value("duration")).toBe(61_000);
});
