import { ownValue } from "../bytes/dictionary.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { attributeOf } from "./attributes.ts";
import { flattenParams, NESTED } from "./flatten-params.ts";
import type { FilterRow, ParamValue } from "./row.ts";

/** A run's record as a row. A run that has not ended has no duration. */
export function recordRow(record: RunRecord): FilterRow {
  let params: ReturnType<typeof flattenParams> | undefined;
  const at = (key: string): ParamValue | typeof NESTED | undefined =>
    (params ??= flattenParams(record.params)).get(key);
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
          const { member } = attributeOf(name);
          return member && record[member];
        }
      }
    },
    param: (key) => {
      const value = at(key);
      return value === NESTED ? undefined : value;
    },
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
