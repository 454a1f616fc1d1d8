import { invalidArgument, reading } from "../errors/ledger-error.ts";
import { copyField } from "./copy-filter.ts";
import { type Field, formatField } from "./field.ts";
import { parseField } from "./parse-field.ts";
import { Tokens } from "./tokens.ts";

/** A field as it was handed in, by its name (`params.optimizer.lr`, `metrics.loss.min`, `status`) or as it is; `label` names it in results. */
export interface LabelledField {
  readonly label: string;
  readonly field: Exclude<Field, { kind: "dataset" }>;
}

const SINGLE = "metrics, params, tags or attributes";

/** Throws `INVALID_ARGUMENT` for what is none, and for data sets, of which a run has any number. `argument` is what it is called. */
export function toField(input: string | Field, argument: string): LabelledField {
  if (typeof input === "object" && input !== null) {
    const field = reading(argument, () => copyField(input, argument));
    if (field.kind === "dataset") throw invalidArgument(argument, SINGLE, input);
    return { label: formatField(field), field };
  }
  const tokens = new Tokens(input, argument);
  const { token } = tokens;
  const field = parseField(tokens);
  if (field.kind === "dataset") throw tokens.error(SINGLE, token);
  if (!tokens.isAtEnd) throw tokens.error("the end");
  return { label: input as string, field };
}
