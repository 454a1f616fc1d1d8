import fc from "fast-check";
import { expect, test } from "vitest";
import { compileFilter } from "../../src/filter/compile-filter.ts";
import { couldMatch, type FieldStatistics } from "../../src/filter/could-match.ts";
import type { Field } from "../../src/filter/field.ts";
import { parseFilter } from "../../src/filter/parse-filter.ts";
import type { FilterRow } from "../../src/filter/filter-row.ts";
import { compareUtf8 } from "../../src/bytes/utf8-order.ts";
import { condition, rowData, rowOf } from "./arbitrary.ts";
import { cases } from "../rounds.ts";

function valuesOf(row: FilterRow, field: Field): readonly (string | number | bigint | boolean)[] {
  if (field.kind === "dataset") return row.datasets().flatMap((dataset) => dataset[field.name] ?? []);
  const value =
    field.kind === "metric"
      ? row.metric(field.key, field.aggregate)
      : field.kind === "attribute"
        ? row.attribute(field.name)
        : row[field.kind](field.key);
  return value === undefined || value === null ? [] : [value];
}

/** With `slack`, the bounds are wider than the values. */
function statistics(rows: readonly FilterRow[], field: Field, slack: boolean): FieldStatistics {
  const each = rows.map((row) => valuesOf(row, field));
  const values = each.flat();
  const types = new Set(values.map((value) => typeof value));
  const type = types.size > 1 ? "mixed" : (([...types][0] ?? "string") as FieldStatistics["type"]);
  const base = { rows: rows.length, present: each.filter(({ length }) => length > 0).length, type };
  if (type === "number") {
    const numbers = (values as number[]).filter((value) => !Number.isNaN(value));
    const hasNaN = numbers.length < values.length;
    if (numbers.length === 0) return { ...base, hasNaN };
    const bounds = { min: Math.min(...numbers) - (slack ? 0.25 : 0), max: Math.max(...numbers) };
    return { ...base, ...bounds, ...((hasNaN || !slack) && { hasNaN }) };
  }
  if (type !== "string" || values.length === 0) return base;
  const texts = (values as string[]).toSorted(compareUtf8);
  return { ...base, min: slack ? "" : texts[0], max: `${texts.at(-1)}${slack ? "z" : ""}` };
}

test("no matching row is excluded", () => {
  let ruledOut = 0;
  fc.assert(
    fc.property(
      condition,
      fc.array(rowData, { maxLength: 4 }),
      fc.nat(15),
      fc.boolean(),
      (filter, data, unknown, slack) => {
        const rows = data.map(rowOf);
        let asked = 0;
        const could = couldMatch(filter, (field) =>
          (unknown >> (asked++ % 4)) & 1 && asked > 2 ? undefined : statistics(rows, field, slack),
        );
        const matches = rows.some(compileFilter(filter));
        if (!could) ruledOut++;
        expect(could || !matches).toBe(true);
      },
    ),
    { numRuns: cases(20_000) },
  );
  expect(ruledOut).toBeGreaterThan(cases(2000));
});

const numbers = { rows: 10, present: 10, min: 1, max: 5, hasNaN: false, type: "number" } as const;
const texts = { rows: 10, present: 10, min: "b", max: "d", type: "string" } as const;
const one = { ...texts, max: "b" };

test.each<readonly [text: string, statistics: FieldStatistics | undefined, could: boolean]>([
  ["metrics.a > 5", numbers, false],
  ["metrics.a >= 5", numbers, true],
  ["metrics.a < 1", numbers, false],
  ["metrics.a = 6", numbers, false],
  ["metrics.a > 5", undefined, true],
  ["NOT metrics.a > 0", numbers, false],
  ["NOT metrics.a > 0", { ...numbers, present: 9 }, true],
  ["NOT metrics.a > 0", { ...numbers, hasNaN: true }, true],
  ["NOT metrics.a > 0", { rows: 10, present: 10, min: 1, max: 5, type: "number" }, true],
  ["NOT NOT metrics.a > 5", numbers, false],
  ["NOT (metrics.a > 0 AND metrics.a < 6)", numbers, false],
  ["NOT (metrics.a > 0 OR metrics.a < 2)", numbers, false],
  ["metrics.a > 5 OR metrics.a < 1", numbers, false],
  ["metrics.a > 5 OR metrics.a < 2", numbers, true],
  ["metrics.a != 1", { ...numbers, max: 1 }, false],
  ["metrics.a != 1", { ...numbers, max: 1, hasNaN: true }, true],
  ["metrics.a > 0", { ...numbers, present: 0 }, false],
  ["NOT metrics.a > 0", { ...numbers, present: 0 }, true],
  ["NOT metrics.a > 0", { ...numbers, present: 0, rows: 0 }, false],
  ["tags.a = 'a'", texts, false],
  ["tags.a = 'c'", texts, true],
  ["tags.a LIKE 'e%'", texts, false],
  ["tags.a LIKE 'bx%'", texts, true],
  ["tags.a LIKE 'a%'", texts, false],
  ["tags.a ILIKE 'E%'", texts, true],
  ["tags.a != 'b'", one, false],
  ["NOT tags.a = 'b'", one, false],
  ["tags.a IS NULL", texts, false],
  ["tags.a IS NULL", { ...texts, present: 9 }, true],
  ["NOT tags.a IS NOT NULL", texts, false],
  ["run_id IN ('a', 'e')", texts, false],
  ["run_id IN ('a', 'c')", texts, true],
  ["run_id NOT IN ('a', 'b')", one, false],
  ["params.a > 0", texts, false],
  ["params.a = true", texts, false],
  ["params.a = '3'", numbers, true],
  ["params.a > 9", { ...numbers, type: "mixed" }, true],
  ["datasets.name = 'a'", texts, false],
  ["", numbers, true],
])("%s on %j: %s", (text, known, could) => {
  expect(couldMatch(parseFilter(text), () => known)).toBe(could);
});
