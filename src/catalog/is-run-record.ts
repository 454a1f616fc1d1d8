import type { RecordedDataset } from "../journal/event.ts";
import { isDictionary, isStrings } from "../journal/record-checks.ts";
import { ID_PATTERN } from "../journal/run-created.ts";
import type { RunRecord } from "../journal/run-record.ts";

/** True for data that has all that a record has, of the right types: what was stored may be anybody's. */
export function isRunRecord(value: unknown): value is RunRecord {
  return hasMembers(value) && isDictionary(value["metrics"]) && Object.values(value["metrics"]).every(isSummary);
}

/** The same without the metrics. By hand: a search need not load what else checks data. */
export function hasMembers(value: unknown): value is Omit<RunRecord, "metrics"> & Record<string, unknown> {
  if (!isDictionary(value)) return false;
  const { id, metricDefinitions, media, params, tags, environment, error } = value;
  return (
    typeof id === "string" &&
    ID_PATTERN.test(id) &&
    ["name", "experiment", "status"].every((key) => typeof value[key] === "string") &&
    ["note", "parent", "group", "jobType"].every((key) => isOptional(value[key], "string")) &&
    ["startTime", "lastActivity", "dropped"].every((key) => typeof value[key] === "number") &&
    ["endTime", "deletedAt"].every((key) => isOptional(value[key], "number")) &&
    isDictionary(params) &&
    isStrings(tags) &&
    [metricDefinitions, media ?? {}].every((each) => isDictionary(each) && Object.values(each).every(isDictionary)) &&
    ["artifacts", "inputs", "damage"].every((key) => isDictionaries(value[key])) &&
    isDatasetList(value["datasets"]) &&
    [environment, error].every((each) => each === undefined || isDictionary(each))
  );
}

/** True for the `datasets` of a record. */
export function isDatasetList(value: unknown): value is RecordedDataset[] {
  return isDictionaries(value) && value.every(isDataset);
}

function isDataset(value: Record<string, unknown>): boolean {
  return (
    ["name", "digest"].every((key) => typeof value[key] === "string") &&
    ["uri", "context"].every((key) => isOptional(value[key], "string")) &&
    isOptional(value["size"], "number") &&
    typeof value["time"] === "number"
  );
}

const isOptional = (value: unknown, type: string): boolean => value === undefined || typeof value === type;

const isDictionaries = (value: unknown): value is Record<string, unknown>[] =>
  Array.isArray(value) && value.every(isDictionary);

function isSummary(value: unknown): boolean {
  if (!isDictionary(value) || typeof value["mean"] !== "number" || typeof value["count"] !== "number") return false;
  return (
    isPoint(value["last"]) && ["min", "max", "best"].every((key) => value[key] === undefined || isPoint(value[key]))
  );
}

function isPoint(value: unknown): boolean {
  return isDictionary(value) && ["value", "step", "time"].every((key) => typeof value[key] === "number");
}
