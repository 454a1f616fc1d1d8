import { expect, test } from "vitest";
import { fieldValue, parseField } from "../../../src/catalog/compare/field.ts";
import { record } from "./records.ts";

test("fields by name", () => {
  expect(parseField("params.optimizer.lr")).toEqual({ kind: "param", key: "optimizer.lr" });
  expect(parseField("param.`a.b`")).toEqual({ kind: "param", key: "a.b" });
  expect(parseField("tags.mlflow.user")).toEqual({ kind: "tag", key: "mlflow.user" });
  expect(parseField("metrics.val/loss.min")).toEqual({ kind: "metric", key: "val/loss", aggregate: "min" });
  expect(parseField('metrics."loss.min"')).toEqual({ kind: "metric", key: "loss.min" });
  expect(parseField("metric.min")).toEqual({ kind: "metric", key: "min" });
  expect(parseField("group")).toEqual({ kind: "attribute", key: "group" });
  for (const bad of ["", "params.", "colour", "attributes.colour", "data.x", 5 as never]) {
    expect(() => parseField(bad, "groupBy[2]")).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "groupBy[2]" }),
    );
  }
});

test("values of fields", () => {
  const run = record("a", {
    params: { a: { "b.c": { d: 1 }, b: { x: 2 } }, "a.b": { y: 3 }, "a.b.x": 4, ["__proto__"]: 5, empty: { e: null } },
    tags: { stage: "prod" },
    metrics: { loss: [3, 1, 2] },
    group: "g",
  });
  const value = (text: string): unknown => fieldValue(run, parseField(text));
  expect(value("params.a.b.c.d")).toBe(1);
  expect(value("params.a.b.x")).toBe(4);
  expect(value("params.a.b.y")).toBe(3);
  expect(value("params.a.b.z")).toBeUndefined();
  expect(value("params.__proto__")).toBe(5);
  expect(value("params.toString")).toBeUndefined();
  expect(value("params.empty.e")).toBeNull();
  expect(value("params.empty.e.f")).toBeUndefined();
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
  expect(value("attributes.startTime")).toBe(run.startTime);
  expect(value("duration")).toBe(61_000);
});
