import { type AttributeName, attributeOf } from "./attributes.ts";
import type { Aggregate, Field } from "./field.ts";
import { ownValue } from "../bytes/dictionary.ts";
import { attributeValue } from "../journal/run-attributes.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { flattenParams, NESTED, type ParamValue } from "./flatten-params.ts";

/** A run as filters and orders see it. A value that the run lacks is `undefined`. */
export interface FilterRow {
  /** Returns an attribute. Times and the duration are in ms, and the status is in lower case. */
  attribute(name: AttributeName): string | number | undefined;
  /** Returns a param. The key of a nested value is its path with dots. */
  param(key: string): ParamValue | undefined;
  /** Returns the paths of all params that the row may have, each once. Some may have no value. */
  paramPaths(): Iterable<string>;
  /** Returns whether the key names a list or an object. */
  isNested(key: string): boolean;
  tag(key: string): string | undefined;
  metric(key: string, aggregate: Aggregate): number | undefined;
  datasets(): readonly { readonly name: string; readonly digest: string; readonly context?: string | undefined }[];
}

/** Returns the value of a field, or `undefined` if the run lacks it. */
export function fieldValue(row: FilterRow, field: Exclude<Field, { kind: "dataset" }>): ParamValue | undefined {
  if (field.kind === "metric") return row.metric(field.key, field.aggregate);
  if (field.kind === "attribute") return row.attribute(field.name);
  return field.kind === "tag" ? row.tag(field.key) : row.param(field.key);
}

/** Returns the record of a run as a row. A run that has not ended has no duration. */
export function recordRow(record: RunRecord): FilterRow {
  let params: ReturnType<typeof flattenParams> | undefined;
  const all = (): ReturnType<typeof flattenParams> => (params ??= flattenParams(record.params));
  const at = (key: string): ParamValue | typeof NESTED | undefined => all().get(key);
  const { startTime, endTime } = record;
  return {
    attribute(name) {
      switch (name) {
        case "start_time":
          return startTime;
        case "end_time":
          return endTime;
        case "duration":
          return endTime === undefined ? undefined : endTime - startTime;
        default: {
          const { member, of } = attributeOf(name);
          return member && attributeValue(record, { member, of });
        }
      }
    },
    param: (key) => {
      const value = at(key);
      return value === NESTED ? undefined : value;
    },
    paramPaths: () => all().keys(),
    isNested: (key) => at(key) === NESTED,
    tag: (key) => ownValue(record.tags, key),
    metric(key, aggregate) {
      const summary = ownValue(record.metrics, key);
      if (summary === undefined) return undefined;
      return aggregate === "mean" || aggregate === "count" ? summary[aggregate] : summary[aggregate]?.value;
    },
    datasets: () => record.datasets,
  };
}
