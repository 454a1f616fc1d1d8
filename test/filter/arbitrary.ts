import fc from "fast-check";
import type { AttributeName } from "../../src/filter/attributes.ts";
import type { Aggregate, DatasetPart, Field } from "../../src/filter/field.ts";
import { type Condition, type FilterValue, operandOf, operatorsOf } from "../../src/filter/filter.ts";
import type { FilterRow } from "../../src/filter/filter-row.ts";
import type { ParamValue } from "../../src/filter/flatten-params.ts";

const KEYS = ["a", "b", "a.b", "loss.min", "__proto__"] as const;
const TEXTS = ["", "a", "A", "ab", "b", "5", "0.5", "true", "it's", '"', "é", "\uE000", "😀"] as const;
const NUMBERS = [-1, 0, 0.5, 1, 5, 1e21, Infinity, -Infinity] as const;
const PATTERNS = ["%", "_", "a%", "%b", "a_", "", "😀%", "%'%"] as const;

/** Few keys and values, so that filters and rows meet. */
export const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({
    kind: fc.constant("attribute" as const),
    name: fc.constantFrom<AttributeName[]>("id", "name", "status", "start_time", "end_time", "duration", "parent"),
  }),
  fc.record({ kind: fc.constant("param" as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ kind: fc.constant("tag" as const), key: fc.constantFrom(...KEYS) }),
  fc.record({
    kind: fc.constant("metric" as const),
    key: fc.constantFrom(...KEYS),
    aggregate: fc.constantFrom<Aggregate[]>("last", "min", "count"),
  }),
  fc.record({
    kind: fc.constant("dataset" as const),
    name: fc.constantFrom<DatasetPart[]>("name", "digest", "context"),
  }),
);

const text = fc.constantFrom(...TEXTS);
const number = fc.constantFrom(...NUMBERS);

function valueOf(operand: ReturnType<typeof operandOf>): fc.Arbitrary<FilterValue> {
  switch (operand) {
    case "number":
      return number;
    case "text":
      return text;
    case "pattern":
      return fc.constantFrom(...PATTERNS);
    case "scalar":
      return fc.oneof(text, number, fc.boolean());
    case "list":
      return fc.array(text, { minLength: 1, maxLength: 3 });
    default:
      return fc.constant(null);
  }
}

/** The values of comparisons: `=` and `!=` take only values that a run can have. */
const STATUSES = fc.constantFrom("running", "finished", "failed", "interrupted", "scheduled");

const comparison: fc.Arbitrary<Condition> = field.chain((field) =>
  fc.constantFrom(...operatorsOf(field)).chain((operator) => {
    const isStatus = field.kind === "attribute" && field.name === "status";
    const isWord = isStatus && (operator === "=" || operator === "!=");
    return (isWord ? STATUSES : valueOf(operandOf(field, operator))).map((value) => ({
      kind: "compare" as const,
      field,
      operator,
      value: isStatus && typeof value === "string" ? value.toLowerCase() : value,
    }));
  }),
);

export const condition: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    { arbitrary: comparison, weight: 3 },
    { arbitrary: tie("condition").map((filter): Condition => ({ kind: "not", filter })), weight: 1 },
    {
      arbitrary: fc
        .record({
          kind: fc.constantFrom("and" as const, "or" as const),
          filters: fc.array(tie("condition"), { minLength: 2, maxLength: 3 }),
        })
        .map((join): Condition => join),
      weight: 2,
    },
  ),
})).condition;

/** The values of a row by the text of the field. A missing value is `undefined`. */
export interface RowData {
  readonly attributes: Partial<Record<AttributeName, string | number>>;
  readonly params: ReadonlyMap<string, ParamValue>;
  readonly tags: ReadonlyMap<string, string>;
  readonly metrics: ReadonlyMap<string, number>;
  readonly datasets: readonly { name: string; digest: string; context?: string }[];
}

export function rowOf(data: RowData): FilterRow {
  return {
    attribute: (name) => data.attributes[name],
    param: (key) => data.params.get(key),
    paramPaths: () => data.params.keys(),
    isNested: () => false,
    tag: (key) => data.tags.get(key),
    metric: (key, aggregate) => data.metrics.get(`${key} ${aggregate}`),
    datasets: () => data.datasets,
  };
}

const mapOf = <T>(keys: readonly string[], value: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> =>
  fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 4 }).map((entries) => new Map(entries));

const metricKeys = KEYS.flatMap((key) => ["last", "min", "count"].map((aggregate) => `${key} ${aggregate}`));

export const rowData: fc.Arbitrary<RowData> = fc.record({
  attributes: fc.record(
    {
      id: text,
      name: text,
      status: fc.constantFrom("running", "finished", "a"),
      start_time: number,
      end_time: number,
      duration: fc.oneof(number, fc.constant(Number.NaN)),
      parent: text,
    },
    { requiredKeys: ["id", "name", "status", "start_time"] },
  ) as fc.Arbitrary<RowData["attributes"]>,
  params: mapOf<ParamValue>(KEYS, fc.oneof(text, number, fc.boolean(), fc.constantFrom(null, Number.NaN))),
  tags: mapOf(KEYS, text),
  metrics: mapOf(metricKeys, fc.oneof(number, fc.constant(Number.NaN))),
  datasets: fc.array(fc.record({ name: text, digest: text, context: text }, { requiredKeys: ["name", "digest"] }), {
    maxLength: 2,
  }) as fc.Arbitrary<RowData["datasets"]>,
});
