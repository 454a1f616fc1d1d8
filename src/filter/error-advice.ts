import { type Aliases, suggestion } from "../arguments/did-you-mean.ts";
import { type Aggregate, entityOf, type Field } from "./field.ts";
import { STATUS_ALIASES } from "../arguments/choice.ts";
import type { FilterValue, Operator } from "./filter.ts";

/** Operators of other languages, and their names here. */
const OPERATORS: Aliases = {
  "==": "=",
  "===": "=",
  "!==": "!=",
  "<>": "!=",
  "=<": "<=",
  "=>": ">=",
  "&": "AND",
  "&&": "AND",
  "|": "OR",
  "||": "OR",
  "!": "NOT",
  "~": "LIKE",
  "=~": "LIKE",
};
/** The words that W&B and others use before the dot. */
const ENTITIES: Aliases = {
  config: "params",
  hyperparameters: "params",
  summary: "metrics",
  summary_metrics: "metrics",
  history: "metrics",
};
const IS_OPERATOR = /[=!<>&|~]/;
/** The longest name that messages show. */
const MAX_SHOWN = 60;

/** Returns `; write = for ==` if the text has an operator of another language at this position, else an empty text. */
export function operatorAdvice(text: string, at: number): string {
  let from = at;
  let to = at;
  while (from > 0 && at - from < 3 && IS_OPERATOR.test(text[from - 1]!)) from--;
  while (to < text.length && to - at < 3 && IS_OPERATOR.test(text[to]!)) to++;
  const written = text.slice(from, to);
  return Object.hasOwn(OPERATORS, written) ? `; write ${OPERATORS[written]} for ${written}` : "";
}

/** Names of attributes that other languages use for what `view` selects here. */
const DELETED = /^(?:is_?)?(?:deleted|archived)(?:_?at)?$|^(?:lifecycle_?stage|active)$/i;
/** `metrics['loss']`, with or without the quotes. No part can match one text in two ways. */
const SUBSCRIPT = /^([a-z_]{1,40})\[(["'`]?)([\w/:@.-]{1,60})\2\]/i;

/** Returns advice for `metrics['loss']`, for an operator alone, or for an entity alone. `text` begins there. */
function formAdvice(text: string, name: string): string {
  const [, entity = "", , key = ""] = SUBSCRIPT.exec(text) ?? [];
  const kind = entityOf(entity.toLowerCase());
  if (kind !== undefined) return `; write ${kind}s.${key}`;
  if (/^(?:and|or)$/i.test(name)) return `; ${name.toUpperCase()} stands between two conditions`;
  const alone = entityOf(name.toLowerCase());
  if (alone === "dataset") return "; did you mean datasets.name?";
  if (alone === "attribute") return "; did you mean name (or id)?";
  if (alone !== undefined) return `; name one, as in ${alone}s.${alone === "metric" ? "loss" : "model"}`;
  return DELETED.test(name) ? `; the query's view, "active", "deleted" or "all", selects deleted runs` : "";
}

/** Returns advice for a name that is not an attribute. `text` begins with the name. */
export function attributeAdvice(name: string, known: Iterable<string>, text: string, isGroup: boolean): string {
  const rest = text.slice(name.length);
  const form = formAdvice(text, name);
  if (form !== "") return form;
  const attribute = suggestion(name, known);
  if (attribute !== undefined) return `; did you mean ${attribute}?`;
  if (name.length > MAX_SHOWN || !/^\p{L}/u.test(name) || rest.trimStart().startsWith(".")) return "";
  const isText = isGroup || /^\s*(?:[=!<>]+|LIKE|ILIKE|IN)\s*\(?\s*['"]/i.test(rest);
  return isText
    ? `; did you mean params.${name} (or tags.${name})?`
    : `; did you mean metrics.${name} (or params.${name})?`;
}

/** Names of aggregates in other languages. */
const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  avg: "mean",
  average: "mean",
  final: "last",
  latest: "last",
  minimum: "min",
  maximum: "max",
};

/** Returns advice for a metric whose key seems to end with an aggregate of another language, or `undefined`. */
export function aggregateAdvice(key: string, name: string): string | undefined {
  if (!Object.hasOwn(AGGREGATES, name)) return undefined;
  const shown = key.slice(0, MAX_SHOWN);
  const meant = `metrics.${shown}.${AGGREGATES[name]}`;
  return `; did you mean ${meant}? A metric of exactly this name is metrics."${shown}.${name}"`;
}

/** Returns advice for a word before a dot that is not a kind of field. */
export function entityAdvice(entity: string, key: string): string {
  const meant = suggestion(entity, ["metrics", "params", "tags", "attributes", "datasets"], ENTITIES);
  if (meant !== undefined) return `; did you mean ${meant}.${key.slice(0, MAX_SHOWN)}?`;
  const whole = `${entity}.${key}`;
  return whole.length > MAX_SHOWN || key === "" ? "" : `; did you mean params.${whole} (or metrics.${whole})?`;
}

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
