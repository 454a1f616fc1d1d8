import { isDatasets } from "../journal/decode-event.ts";
import { isDictionary, isStrings } from "../journal/record-checks.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { RUN_ID } from "./entry.ts";

/** True for data that has all that a record has, of the right types: what was stored may be anybody's. */
export function isRunRecord(value: unknown): value is RunRecord {
  if (!isDictionary(value)) return false;
  const { id, metrics, metricDefinitions, media, params, tags, environment, error } = value;
  return (
    typeof id === "string" &&
    RUN_ID.test(id) &&
    ["name", "experiment", "status"].every((key) => typeof value[key] === "string") &&
    ["note", "parent", "group", "jobType"].every((key) => isOptional(value[key], "string")) &&
    ["startTime", "dropped"].every((key) => typeof value[key] === "number") &&
    ["endTime", "deletedAt"].every((key) => isOptional(value[key], "number")) &&
    isDictionary(params) &&
    isStrings(tags) &&
    isDictionary(metrics) &&
    Object.values(metrics).every(isSummary) &&
    [metricDefinitions, media ?? {}].every((each) => isDictionary(each) && Object.values(each).every(isDictionary)) &&
    ["artifacts", "inputs", "damage"].every((key) => isDictionaries(value[key])) &&
    isDatasets(value["datasets"]) &&
    [environment, error].every((each) => each === undefined || isDictionary(each))
  );
}

const isOptional = (value: unknown, type: string): boolean => value === undefined || typeof value === type;

const isDictionaries = (value: unknown): boolean => Array.isArray(value) && value.every(isDictionary);

function isSummary(value: unknown): boolean {
  if (!isDictionary(value) || typeof value["mean"] !== "number" || typeof value["count"] !== "number") return false;
  return (
    isPoint(value["last"]) && ["min", "max", "best"].every((key) => value[key] === undefined || isPoint(value[key]))
  );
}

function isPoint(value: unknown): boolean {
  return isDictionary(value) && ["value", "step", "time"].every((key) => typeof value[key] === "number");
}
