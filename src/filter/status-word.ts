import { suggestion } from "../arguments/did-you-mean.ts";
import { STATUS_ALIASES } from "../arguments/choice.ts";
import type { Field } from "./field.ts";
import type { FilterValue, Operator } from "./filter.ts";

/** `scheduled` is MLflow's; no run has it. */
const STATUSES: readonly string[] = ["running", "finished", "failed", "killed", "interrupted", "scheduled"];

/** Returns what to write instead if a status is compared with a word that no run can have, else `undefined`. */
export function wrongStatus(field: Field, operator: Operator, value: FilterValue): string | undefined {
  if (field.kind !== "attribute" || field.name !== "status" || (operator !== "=" && operator !== "!="))
    return undefined;
  if (typeof value !== "string" || STATUSES.includes(value)) return undefined;
  const meant = suggestion(value, STATUSES, STATUS_ALIASES);
  const one = STATUSES.slice(0, -1).map((status) => `'${status}'`);
  return `${one.slice(0, -1).join(", ")} or ${one.at(-1)}${meant === undefined ? "" : ` (probably '${meant}')`}`;
}
