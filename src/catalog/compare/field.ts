import { invalidArgument } from "../../backend/error.ts";
import { isNested } from "../../journal/params.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import { type Aggregate, checkMetric, isAggregate, summaryOf, valueOf } from "./metric-value.ts";

/** A value of a run record. */
export interface RecordField {
  readonly kind: "param" | "tag" | "attribute" | "metric";
  /** Of a param, a dot leads to the value below where there is no such key. Attributes: `run_name`, `startTime`, … */
  readonly key: string;
  /** Of a metric. Default `"last"`. */
  readonly aggregate?: Aggregate | undefined;
}

const KINDS = ["param", "tag", "attribute", "metric"] as const;
const ATTRIBUTES = [
  ...(["id", "name", "experiment", "status", "startTime", "endTime", "duration"] as const),
  ...(["parent", "group", "jobType", "note"] as const),
];

/**
 * A field by its name: `params.optimizer.lr`, `tags.stage`, `metrics.loss.min`, `attributes.status` or just `status`. A key in
 * backticks or double quotes is taken as it stands. `INVALID_ARGUMENT`, naming `field`, for anything else.
 */
export function parseField(text: string, field = "field"): RecordField {
  if (typeof text !== "string") throw unknown(field, text);
  const dot = text.indexOf(".");
  const word = dot < 0 ? "attributes" : text.slice(0, dot).toLowerCase();
  const kind = KINDS.find((each) => word === each || word === `${each}s`);
  let key = text.slice(dot + 1);
  const quoted = /^(["`])([^]*)\1$/.exec(key);
  if (quoted) key = quoted[2] as string;
  if (kind === undefined || key === "") throw unknown(field, text);
  const end = key.lastIndexOf(".");
  const aggregate = key.slice(end + 1);
  if (kind === "metric" && !quoted && end > 0 && isAggregate(aggregate))
    return { kind, key: key.slice(0, end), aggregate };
  return checkField({ kind, key }, field);
}

/** Takes a field as it is or by its name; `label` names it in results. */
export function toField(field: string | RecordField, name: string): { label: string; field: RecordField } {
  if (typeof field === "string") return { label: field, field: parseField(field, name) };
  const { kind, key, aggregate } = checkField(field, name);
  return { label: `${kind}s.${key}${aggregate ? `.${aggregate}` : ""}`, field };
}

function checkField(given: RecordField, name: string): RecordField {
  const { kind, key, aggregate } = given ?? {};
  if (!KINDS.includes(kind) || typeof key !== "string") throw unknown(name, given);
  checkMetric(name, aggregate);
  if (kind === "attribute" && attributeOf(key) === undefined)
    throw invalidArgument(name, `an attribute (${ATTRIBUTES.join(", ")})`, key);
  return given;
}

function unknown(name: string, value: unknown): Error {
  return invalidArgument(name, 'a field such as "params.lr", "tags.stage", "metrics.loss.min" or "status"', value);
}

/** `start_time` and `startTime` are one, and so are `run_name` and `name`. */
function attributeOf(key: string): (typeof ATTRIBUTES)[number] | undefined {
  const camel = key.replace(/^run_/, "").replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return ATTRIBUTES.find((attribute) => attribute === camel);
}

/** What a run has in a field, `undefined` if nothing. */
export function fieldValue(record: RunRecord, { kind, key, aggregate = "last" }: RecordField): unknown {
  if (kind === "metric") return valueOf(summaryOf(record, key), aggregate);
  if (kind === "tag") return Object.hasOwn(record.tags, key) ? record.tags[key] : undefined;
  if (kind === "param") return paramOf(record.params, key);
  const attribute = attributeOf(key);
  if (attribute !== "duration") return attribute && record[attribute];
  return record.endTime === undefined ? undefined : record.endTime - record.startTime;
}

/** The key itself first, then every way to read its dots as steps down, the shortest key first. */
function paramOf(params: unknown, key: string): unknown {
  if (!isNested(params)) return undefined;
  if (Object.hasOwn(params, key)) return params[key];
  for (let dot = key.indexOf("."); dot >= 0; dot = key.indexOf(".", dot + 1)) {
    const first = key.slice(0, dot);
    const found = Object.hasOwn(params, first) ? paramOf(params[first], key.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
