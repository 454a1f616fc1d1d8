import { expect, test } from "vitest";
import { type LabelledField, toField } from "../../src/filter/parse-field.ts";

test("fields by name, as in filters, or as they are", () => {
  const field = (input: Parameters<typeof toField>[0]): LabelledField["field"] => toField(input, "x").field;
  expect(field("params.optimizer.lr")).toEqual({ kind: "param", key: "optimizer.lr" });
  expect(field("param.`a b`")).toEqual({ kind: "param", key: "a b" });
  expect(field("metrics.val/loss.min")).toEqual({ kind: "metric", key: "val/loss", aggregate: "min" });
  expect(field('metrics."loss.min"')).toEqual({ kind: "metric", key: "loss.min", aggregate: "last" });
  expect(field("metric.min")).toEqual({ kind: "metric", key: "min", aggregate: "last" });
  expect(field("startTime")).toEqual({ kind: "attribute", name: "start_time" });
  expect(field({ kind: "attribute", name: "startTime" as never })).toEqual({ kind: "attribute", name: "start_time" });
  expect(field({ kind: "tag", key: "" })).toEqual({ kind: "tag", key: "" });
  expect(toField("params.`a b`", "x").label).toBe("params.`a b`");
  expect(toField({ kind: "param", key: "a b" }, "x").label).toBe('params."a b"');
});

test.each([
  ["", "groupBy[2]"],
  ["params.", "groupBy[2]"],
  ["colour", "groupBy[2]"],
  ["attributes.colour", "groupBy[2]"],
  ["data.x", "groupBy[2]"],
  ["params.a DESC", "groupBy[2]"],
  ["datasets.name", "groupBy[2]"],
  [5, "groupBy[2]"],
  [null, "groupBy[2]"],
  [{ kind: "dataset", name: "name" }, "groupBy[2]"],
  [{ kind: "colour" }, "groupBy[2].kind"],
  [{ kind: "param" }, "groupBy[2].key"],
  [{ kind: "metric", key: "a" }, "groupBy[2].aggregate"],
])("%j is not a field", (input, field) => {
  expect(() => toField(input as never, "groupBy[2]")).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
  );
});
