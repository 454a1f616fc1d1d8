import { describe, expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import type { Where } from "../../src/filter/where-term.ts";
import { formatFilter } from "../../src/filter/format-filter.ts";
import { parseFilter, type FilterInput, toFilter } from "../../src/filter/parse-filter.ts";
import { where } from "../../src/filter/where.ts";

test.each<readonly [Where, string]>([
  [where.metric("loss").lt(0.1).and(where.param("model").eq("cnn")), "metrics.loss < 0.1 AND params.model = 'cnn'"],
  [where.metric("loss", "min").lte(1), "metrics.loss.min <= 1"],
  [where.metric("loss").best.gt(-0), "metrics.loss.best > 0"],
  [where.metric("loss.min").gte(Infinity), 'metrics."loss.min" >= Infinity'],
  [where.metric("a").in([1, 2]), "metrics.a = 1 OR metrics.a = 2"],
  [where.param("p").notIn([1, "x", true]), "params.p != 1 AND params.p != 'x' AND params.p != true"],
  [where.param("p").in(["x"]), "params.p = 'x'"],
  [where.param("p").isNull().or(where.tag("t").isNotNull()), "params.p IS NULL OR tags.t IS NOT NULL"],
  [where.param("p").like("a%").and(where.tag("t").ilike("it's")), "params.p LIKE 'a%' AND tags.t ILIKE 'it''s'"],
  [where.tag("a b").ne(""), `tags."a b" != ''`],
  [where.tag("a").in(["x", "y"]), "tags.a = 'x' OR tags.a = 'y'"],
  [where.attribute("status").in(["FAILED", "killed"]), "attributes.status = 'failed' OR attributes.status = 'killed'"],
  [where.attribute("run_id").notIn(["x", "y"]), "attributes.id NOT IN ('x', 'y')"],
  [where.attribute("startTime").gte(new Date(5)), "attributes.start_time >= 5"],
  [where.attribute("end_time").lt("2026-11-01"), "attributes.end_time < 1793491200000"],
  [where.attribute("duration").gt("2h30m"), "attributes.duration > 9000000"],
  [where.attribute("user_id").eq("ada"), "tags.mlflow.user = 'ada'"],
  [where.dataset("name").in(["a"]), "datasets.name IN ('a')"],
  [
    where.tag("a").eq("1").and(where.tag("b").eq("2")).and(where.tag("c").eq("3")),
    "tags.a = '1' AND tags.b = '2' AND tags.c = '3'",
  ],
  [
    where.tag("a").eq("1").or(where.tag("b").eq("2")).and(where.tag("c").eq("3")).not(),
    "NOT ((tags.a = '1' OR tags.b = '2') AND tags.c = '3')",
  ],
])("where builds what the parser reads (%#)", (built, text) => {
  expect(formatFilter(built.filter)).toBe(text);
  expect(toFilter(built)).toEqual(parseFilter(text));
});

const loose = where as unknown as Record<string, (...args: unknown[]) => Record<string, (value?: unknown) => Where>>;

test.each<readonly [field: string, call: () => unknown]>([
  ["metrics.loss", () => loose["metric"]!("loss")["lt"]!("0.1")],
  ["metrics.loss", () => loose["metric"]!("loss")["eq"]!(Number.NaN)],
  ["metrics.loss", () => loose["metric"]!("loss")["like"]!("x")],
  ["metrics.loss", () => loose["metric"]!("loss")["isNull"]!()],
  ["metrics.loss", () => loose["metric"]!("loss")["in"]!([])],
  ["metrics.loss", () => loose["metric"]!("loss", "median")],
  ["metric", () => loose["metric"]!(5)],
  ["params.lr", () => loose["param"]!("lr")["gt"]!("0.1")],
  ["params.lr", () => loose["param"]!("lr")["eq"]!(null)],
  ["params.lr", () => loose["param"]!("lr")["in"]!("abc")],
  ["params.lr", () => loose["param"]!("lr")["like"]!("x".repeat(1001))],
  ["params.lr", () => loose["param"]!("lr")["min"]],
  ["tags.a", () => loose["tag"]!("a")["eq"]!(5)],
  ["tags.a", () => loose["tag"]!("a")["gt"]!("x")],
  ["attribute", () => loose["attribute"]!("foo")],
  ["attribute", () => loose["attribute"]!("__proto__")],
  ["dataset", () => loose["dataset"]!("size")],
  ["attributes.status", () => loose["attribute"]!("status")["isNull"]!()],
  ["attributes.start_time", () => loose["attribute"]!("start_time")["gt"]!("yesterday")],
  ["attributes.start_time", () => loose["attribute"]!("start_time")["gt"]!(new Date(Number.NaN))],
  ["attributes.id", () => loose["attribute"]!("id")["in"]!(["a", 5])],
  ["filter", () => loose["tag"]!("a")["isNull"]!().and("tags.b IS NULL" as never)],
  ["filter", () => loose["tag"]!("a")["isNull"]!().and({ kind: "all" } as never)],
  ["filter", () => loose["tag"]!("a")["isNull"]!().or({} as never)],
  ["attributes.duration", () => loose["attribute"]!("duration")["gt"]!("1 hour")],
  ["attributes.status", () => loose["attribute"]!("status")["in"]!(["finished", "done"])],
])("refused, naming %s (%#)", (field, call) => {
  expect(call).toThrow(expect.objectContaining({ name: "LedgerError", code: "INVALID_ARGUMENT", field }));
});

test("the types refuse invalid comparisons", () => {
  const never = (): void => {
    // @ts-expect-error a metric is a number
    where.metric("a").eq("x");
    // @ts-expect-error a metric is always a number
    where.metric("a").isNull();
    // @ts-expect-error tags are texts
    where.tag("a").eq(5);
    // @ts-expect-error texts have no order
    where.attribute("status").gt("a");
    // @ts-expect-error unknown
    where.attribute("foo");
    // @ts-expect-error only numbers have an order
    where.param("a").gt("5");
  };
  expect(never).toBeTypeOf("function");
});

const compare = { kind: "compare", field: { kind: "tag", key: "a" }, operator: "=", value: "x" };
const times = (count: number, part: unknown): unknown[] => Array.from({ length: count }, () => part);
const nested = (depth: number): unknown => {
  let filter: unknown = compare;
  for (let i = 0; i < depth; i++) filter = { kind: "not", filter };
  return filter;
};
const cyclic: { kind: string; filter?: unknown } = { kind: "not" };
cyclic.filter = cyclic;

describe("trees from callers", () => {
  test.each<readonly [what: string, input: unknown, field: string]>([
    ["a number", 5, "filter"],
    ["null", null, "filter"],
    ["a function", () => true, "filter"],
    ["an array", [compare], "filter"],
    ["nothing in it", {}, "filter"],
    ["an unknown status", { ...compare, field: { kind: "attribute", name: "status" }, value: "done" }, "filter.value"],
    ["an unknown kind", { kind: "xor", filters: [compare, compare] }, "filter.kind"],
    ["one part", { kind: "and", filters: [compare] }, "filter.filters"],
    ["parts that are none", { kind: "or", filters: { length: 2 } }, "filter.filters"],
    ["a hole", { kind: "or", filters: Array(2) }, "filter.filters.0"],
    ["all within", { kind: "not", filter: { kind: "all" } }, "filter.filter.kind"],
    ["no field", { ...compare, field: undefined }, "filter.field"],
    ["an unknown field", { ...compare, field: { kind: "span", key: "a" } }, "filter.field.kind"],
    ["a key of another type", { ...compare, field: { kind: "tag", key: {} } }, "filter.field.key"],
    ["no aggregate", { ...compare, field: { kind: "metric", key: "a" }, value: 1 }, "filter.field.aggregate"],
    ["an attribute of Object", { ...compare, field: { kind: "attribute", name: "constructor" } }, "filter.field.name"],
    ["an operator of Object", { ...compare, operator: "constructor" }, "filter.operator"],
    ["a wrong operator", { ...compare, operator: "<" }, "filter.operator"],
    ["an operator that turns into text", { ...compare, operator: ["="] }, "filter.operator"],
    ["a wrong value", { ...compare, value: 5 }, "filter.value"],
    ["NaN", { ...compare, field: { kind: "param", key: "a" }, value: Number.NaN }, "filter.value"],
    [
      "an empty list",
      { ...compare, field: { kind: "attribute", name: "id" }, operator: "IN", value: [] },
      "filter.value",
    ],
    [
      "a list with a hole",
      { ...compare, field: { kind: "attribute", name: "id" }, operator: "IN", value: Array(3) },
      "filter.value",
    ],
    ["a circle", cyclic, "filter"],
    ["10,000 levels", nested(10_000), "filter"],
    ["2000 comparisons", { kind: "and", filters: times(2000, compare) }, "filter.filters"],
    [
      "a million comparisons",
      { kind: "and", filters: times(1000, { kind: "or", filters: times(1000, compare) }) },
      "filter",
    ],
    [
      "a getter that throws",
      {
        get kind(): string {
          throw new Error("no");
        },
      },
      "filter",
    ],
    ["something built of nothing", { filter: null }, "filter"],
  ])("%s", (_, input, field) => {
    let caught: unknown;
    try {
      toFilter(input as FilterInput);
    } catch (error) {
      caught = error;
    }
    expect(LedgerError.is(caught)).toBe(true);
    expect(caught).toMatchObject({ code: "INVALID_ARGUMENT", field });
  });

  test("are copied", () => {
    const input = structuredClone({ kind: "and", filters: [compare, compare] }) as never as { filters: unknown[] };
    const filter = toFilter(input as never);
    input.filters.length = 0;
    expect(formatFilter(filter)).toBe("tags.a = 'x' AND tags.a = 'x'");
  });

  test("may be as deep as a filter text", () => {
    expect(formatFilter(toFilter(nested(100) as never))).toBe(`${"NOT ".repeat(100)}tags.a = 'x'`);
    expect(toFilter(undefined)).toEqual({ kind: "all" });
    expect(toFilter({ kind: "all" })).toEqual({ kind: "all" });
  });

  test("the deepest text is accepted as a tree", () => {
    let text = "note='a'";
    for (let i = 0; i < 50; i++) text = `NOT (note='a' OR note='b' AND ${i % 2 ? `(${text})` : text})`;
    for (;;) {
      try {
        const filter = parseFilter(text);
        expect(toFilter(filter)).toEqual(filter);
        expect(parseFilter(formatFilter(filter))).toEqual(filter);
        break;
      } catch (error) {
        if (!LedgerError.is(error)) throw error;
        text = text.replace("NOT (note='a' OR note='b' AND ", "").replace(/\)$/, "");
      }
    }
  });
});
