import { expect, test } from "vitest";
import { axisValue } from "../../src/compare/axis-value.ts";
import { recordRow } from "../../src/filter/record-row.ts";
import { toField } from "../../src/filter/to-field.ts";
import { record } from "./records.ts";

test("values of fields", () => {
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
