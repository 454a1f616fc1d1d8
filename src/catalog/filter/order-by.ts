import { invalidArgument } from "../../backend/error.ts";
import type { Field } from "./field.ts";
import { parseField } from "./parse-field.ts";
import { Tokens } from "./tokens.ts";

export interface OrderKey {
  readonly field: Exclude<Field, { kind: "dataset" }>;
  readonly descending: boolean;
}

const MAX_ORDER_KEYS = 100;

/** Reads `metrics.loss`, `params.lr ASC`, `start_time DESC`: one key a text. Throws `INVALID_ARGUMENT` with the position. */
export function parseOrderBy(orderBy: string | readonly string[]): OrderKey[] {
  const texts: readonly unknown[] = typeof orderBy === "string" ? [orderBy] : orderBy;
  if (!Array.isArray(texts) || texts.length > MAX_ORDER_KEYS) {
    throw invalidArgument("orderBy", `a string, or at most ${MAX_ORDER_KEYS} of them`, orderBy);
  }
  return Array.from(texts, (text: unknown) => {
    const tokens = new Tokens(text, "orderBy");
    const { token } = tokens;
    const field = parseField(tokens);
    if (field.kind === "dataset") throw tokens.error("metrics, params, tags or attributes", token);
    const descending = tokens.take("DESC");
    const expected = descending || tokens.take("ASC") ? "the end" : "ASC, DESC or the end";
    if (!tokens.isAtEnd) throw tokens.error(expected);
    return { field, descending };
  });
}
