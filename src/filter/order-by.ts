import { invalidArgument, isList } from "../errors/ledger-error.ts";
import type { Field } from "./field.ts";
import { parseField } from "./parse-field.ts";
import { Tokenizer } from "./tokenizer.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import type { FilterRow } from "./filter-row.ts";
import type { ParamValue } from "./flatten-params.ts";

/** One key of an order. */
export interface OrderKey {
  readonly field: Exclude<Field, { kind: "dataset" }>;
  readonly descending: boolean;
}

const MAX_ORDER_KEYS = 100;

/**
 * Returns one key for each text, such as `metrics.loss`, `params.lr ASC` or `start_time DESC`. Throws
 * `INVALID_ARGUMENT` with the position. `readField` reads a field. Default: one of runs.
 */
export function parseOrderBy(
  orderBy: string | readonly string[],
  readField: (tokens: Tokenizer) => Field = parseField,
): OrderKey[] {
  const texts: readonly unknown[] = typeof orderBy === "string" ? [orderBy] : orderBy;
  if (!isList("orderBy", texts) || texts.length > MAX_ORDER_KEYS) {
    throw invalidArgument("orderBy", `a string, or at most ${MAX_ORDER_KEYS} of them`, orderBy);
  }
  return Array.from(texts, (text: unknown, i) => {
    const tokens = new Tokenizer(text, "orderBy", typeof orderBy === "string" ? "orderBy" : `orderBy[${i}]`);
    const { token } = tokens;
    if (typeof text === "string" && /^-\p{L}/u.test(text))
      throw tokens.error("a field", token, "; write DESC after the field for the greatest first");
    const field = readField(tokens);
    const [, direction] = /:(asc|desc)$/i.exec(token.kind === "word" ? token.text : "") ?? [];
    if (direction !== undefined)
      throw tokens.error("ASC or DESC after a space", token, `; write ${direction.toUpperCase()} for :${direction}`);
    if (field.kind === "dataset") throw tokens.error("metrics, params, tags or attributes", token);
    const descending = tokens.take("DESC");
    const expected = descending || tokens.take("ASC") ? "the end" : "ASC, DESC or the end";
    const several = tokens.token.text === "," ? "; pass several as a list of texts" : "";
    if (!tokens.isAtEnd) throw tokens.error(expected, tokens.token, several);
    return { field, descending };
  });
}

/**
 * Returns a comparison of rows by several keys, then by start, the newest first, then by id, the highest first, which
 * is also the newest if ids begin with the time. In both directions, NaN comes after every other value, and a missing
 * value comes last. In ascending order, numbers come before booleans, and booleans before texts. Texts are in the order
 * of their code points.
 */
export function compareRows(keys: readonly OrderKey[]): (a: FilterRow, b: FilterRow) => number {
  const readers = keys.map(({ field }) => {
    if (field.kind === "metric") return (row: FilterRow) => row.metric(field.key, field.aggregate);
    if (field.kind === "attribute") return (row: FilterRow) => row.attribute(field.name);
    return (row: FilterRow) => row[field.kind as "param" | "tag"](field.key);
  });
  return (a, b) => {
    for (let i = 0; i < readers.length; i++) {
      const read = readers[i] as (typeof readers)[number];
      const order = compareValues(read(a), read(b), (keys[i] as OrderKey).descending);
      if (order !== 0) return order;
    }
    return (
      compareValues(a.attribute("start_time"), b.attribute("start_time"), true) ||
      compareValues(a.attribute("id"), b.attribute("id"), true)
    );
  };
}

type Value = ParamValue | undefined;

function compareValues(a: Value, b: Value, descending: boolean): number {
  const byPlace = placeOf(a) - placeOf(b);
  if (byPlace !== 0) return byPlace;
  const order = rankOf(a) - rankOf(b) || compareAlike(a, b);
  return descending ? -order : order;
}

/** Ranks values first, then NaN, then missing values. */
const placeOf = (value: Value): number => (value === undefined || value === null ? 2 : value === value ? 0 : 1);

const rankOf = (value: Value): number => (typeof value === "string" ? 2 : typeof value === "boolean" ? 1 : 0);

function compareAlike(a: Value, b: Value): number {
  if (typeof a === "string") return compareUtf8(a, b as string);
  const [x, y] = typeof a === "boolean" ? [Number(a), Number(b)] : [a as number, b as number];
  return x < y ? -1 : x > y ? 1 : 0;
}
