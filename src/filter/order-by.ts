import { invalidArgument, isList } from "../errors/ledger-error.ts";
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
  if (!isList("orderBy", texts) || texts.length > MAX_ORDER_KEYS) {
    throw invalidArgument("orderBy", `a string, or at most ${MAX_ORDER_KEYS} of them`, orderBy);
  }
  return Array.from(texts, (text: unknown, i) => {
    const tokens = new Tokens(text, "orderBy", typeof orderBy === "string" ? "orderBy" : `orderBy[${i}]`);
    const { token } = tokens;
    if (typeof text === "string" && /^-\p{L}/u.test(text))
      throw tokens.error("a field", token, "; write DESC behind the field for the greatest first");
    const field = parseField(tokens);
    const [, direction] = /:(asc|desc)$/i.exec(token.kind === "word" ? token.text : "") ?? [];
    if (direction !== undefined)
      throw tokens.error("ASC or DESC behind a space", token, `; write ${direction.toUpperCase()} for :${direction}`);
    if (field.kind === "dataset") throw tokens.error("metrics, params, tags or attributes", token);
    const descending = tokens.take("DESC");
    const expected = descending || tokens.take("ASC") ? "the end" : "ASC, DESC or the end";
    const several = tokens.token.text === "," ? "; give several as a list of texts" : "";
    if (!tokens.isAtEnd) throw tokens.error(expected, tokens.token, several);
    return { field, descending };
  });
}
