import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { fieldsOf } from "../../src/filter/filter.ts";
import { type Field, formatField } from "../../src/filter/field.ts";
import { formatFilter } from "../../src/filter/format-filter.ts";
import { parseFilter, toFilter } from "../../src/filter/parse-filter.ts";
import { condition } from "./arbitrary.ts";
import { cases } from "../rounds.ts";

test("a filter written as text is read as the same filter", () => {
  fc.assert(
    fc.property(condition, (filter) => {
      expect(parseFilter(formatFilter(filter))).toEqual(filter);
      expect(toFilter(filter)).toEqual(filter);
    }),
    { numRuns: cases(2000) },
  );
});

test("so are filters with any keys and values", () => {
  const key = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.stringMatching(/^[\w.+"'`-]{0,6}$/));
  const aggregate = fc.constantFrom("last" as const, "min" as const);
  fc.assert(
    fc.property(key, key, fc.double({ noNaN: true }), aggregate, (key, text, number, aggregate) => {
      for (const kind of ["param", "tag"] as const) {
        const filter = { kind: "compare", field: { kind, key }, operator: "=", value: text } as const;
        expect(parseFilter(formatFilter(filter))).toEqual(filter);
      }
      const field: Field = { kind: "metric", key, aggregate };
      const filter = { kind: "compare", field, operator: "<", value: number + 0 } as const;
      expect(parseFilter(formatFilter(filter))).toEqual(filter);
    }),
    { numRuns: cases(2000) },
  );
});

test("any text is a filter or an error with a position", () => {
  const part = fc.constantFrom(
    "metrics.a",
    "params.b",
    "(",
    ")",
    "NOT",
    "AND",
    "OR",
    "=",
    "<",
    "'x'",
    "5",
    "IN",
    "IS NULL",
    "`",
    ".",
    ",",
    "-",
    "\u{1F600}",
    "status",
    "LIKE",
    '"a"',
    "nan",
    "2h",
    "2026-11-01",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join(" ")),
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (text) => {
      try {
        formatFilter(parseFilter(text));
      } catch (error) {
        if (!LedgerError.is(error)) throw error;
        expect(error).toMatchObject({ code: "INVALID_ARGUMENT", field: "filter", position: expect.any(Number) });
        expect(error.position).toBeGreaterThan(0);
        expect(error.position).toBeLessThanOrEqual(text.length + 1);
      }
    }),
    { numRuns: cases(5000) },
  );
});

test("fieldsOf returns each field once", () => {
  const filter = parseFilter(
    "metrics.a > 1 AND (metrics.a.last < 5 OR NOT metrics.a.min < 5) AND run_id = 'x' AND id = 'y' AND tags.a = 'a' AND params.a IS NULL AND datasets.name = 'a'",
  );
  expect(fieldsOf(filter).map(formatField)).toEqual([
    "metrics.a",
    "metrics.a.min",
    "attributes.id",
    "tags.a",
    "params.a",
    "datasets.name",
  ]);
  expect(fieldsOf(parseFilter(""))).toEqual([]);
});
