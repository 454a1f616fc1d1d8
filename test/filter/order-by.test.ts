import { expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { compareRows, parseOrderBy } from "../../src/filter/order-by.ts";
import { formatField } from "../../src/filter/field.ts";
import { recordRow } from "../../src/filter/filter-row.ts";
import { metric, record } from "./rows.ts";

test.each([
  ["metrics.loss", "metrics.loss", false],
  ["metric.loss ASC", "metrics.loss", false],
  ["metrics.loss.min desc", "metrics.loss.min", true],
  ['metrics."loss.min" DESC', 'metrics."loss.min"', true],
  ["`metrics`.`a b` DESC", 'metrics."a b"', true],
  ["metrics.val/loss", "metrics.val/loss", false],
  ["params.optimizer.lr", "params.optimizer.lr", false],
  ["tag.a DESC", "tags.a", true],
  ["attributes.start_time DESC", "attributes.start_time", true],
  ["Created", "attributes.start_time", false],
  [" duration\tdesc ", "attributes.duration", true],
  ["`Run name` DESC", "attributes.name", true],
])("%s", (text, field, descending) => {
  const [key] = parseOrderBy(text);
  expect(formatField(key!.field)).toBe(field);
  expect(key!.descending).toBe(descending);
});

test.each([
  ["", 1],
  ["foo", 1],
  ["1", 1],
  ["a b c", 1],
  ["metrics.a foo", 11],
  ["metrics.a ASC DESC", 15],
  ["metrics.a, metrics.b", 10],
  ["metrics.a > 1", 11],
  ["datasets.name", 1],
  ["-metrics.a", 1],
  ["metrics.'a", 9],
  ["x".repeat(2 ** 20), 65_537],
])("wrong: %s", (text, position) => {
  for (const [label, orderBy] of [
    ["orderBy", text],
    ["orderBy[1]", ["metrics.ok DESC", text]],
  ] as const) {
    expect(errorOf(orderBy)).toMatchObject({ code: "INVALID_ARGUMENT", field: "orderBy", position });
    const { message } = errorOf(orderBy);
    expect(message).toMatch(/, character \d+: expected .*, found /);
    expect(message.slice(0, message.indexOf(", character"))).toBe(label);
  }
});

test("anything but a text", () => {
  for (const orderBy of [5, null, {}, [5], [["metrics.a"]], Array(101).fill("metrics.a"), Array(1)]) {
    expect(errorOf(orderBy)).toMatchObject({ code: "INVALID_ARGUMENT", field: "orderBy" });
  }
});

function errorOf(orderBy: unknown): LedgerError {
  try {
    parseOrderBy(orderBy as string);
  } catch (error) {
    if (LedgerError.is(error)) return error;
    throw error;
  }
  throw new Error("no error");
}

const RUNS = [
  record({ id: "a", startTime: 1, params: { p: 5 }, metrics: { m: metric(1, 3) }, tags: { t: "\uE000" } }),
  record({ id: "b", startTime: 2, params: { p: "5" }, metrics: { m: metric(Number.NaN) }, tags: { t: "😀" } }),
  record({ id: "c", startTime: 2, params: { p: true }, metrics: { m: metric(2) } }),
  record({ id: "d", startTime: 3, params: { p: null }, endTime: 9 }),
  record({ id: "e", startTime: 0, params: { p: Number.NaN }, metrics: { m: metric(-Infinity) }, tags: { t: "z" } }),
  record({ id: "f", startTime: 1, params: { p: -1 }, metrics: { m: metric(2) }, endTime: 3 }),
];

test.each<readonly [orderBy: readonly string[], ids: string]>([
  [[], "dcbfae"],
  [["metrics.m"], "ecfabd"],
  [["metrics.m DESC"], "acfebd"],
  [["metrics.m.min"], "eacfdb"],
  [["metrics.m.count DESC"], "acbfed"],
  [["params.p"], "facbed"],
  [["params.p DESC"], "bcafed"],
  [["tags.t"], "eabdcf"],
  [["tags.t DESC"], "baedcf"],
  [["start_time"], "efacbd"],
  [["duration"], "fdcbae"],
  [["status", "id DESC"], "fedcba"],
  [["metrics.m", "id DESC"], "efcabd"],
  [["attributes.end_time DESC", "metrics.m DESC"], "dfaceb"],
])("order by %j", (orderBy, ids) => {
  const compare = compareRows(parseOrderBy(orderBy));
  for (const runs of [RUNS, RUNS.toReversed()]) {
    const rows = runs.map((run) => recordRow(run)).toSorted(compare);
    expect(rows.map((row) => row.attribute("id")).join("")).toBe(ids);
  }
});
