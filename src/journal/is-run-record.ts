import type { Dictionary } from "./event.ts";
import { isDatasetList } from "./is-recorded-dataset.ts";
import { isForkOrigin } from "./fork-origin.ts";
import { isRecordedCode } from "./is-recorded-code.ts";
import { isCount, isDictionary, isDigest, isExperiment, isStrings } from "./record-checks.ts";
import { runAttributes } from "./run-attributes.ts";
import { ID_PATTERN } from "./run-id.ts";
import type { RunRecord } from "./run-record.ts";

/** Returns whether stored data has all members of a record with the right types. */
export function isRunRecord(value: unknown): value is RunRecord {
  return hasMembers(value) && isDictionary(value["metrics"]) && Object.values(value["metrics"]).every(isSummary);
}

/** Returns whether a value has what comparisons need: an id and data. Missing lists count as empty. */
export function isComparable(value: unknown): boolean {
  if (!isDictionary(value)) return false;
  const { id, params, tags, metrics, metricDefinitions = {}, datasets = [], inputs = [] } = value;
  return (
    typeof id === "string" &&
    [params, tags, metrics, metricDefinitions].every(isDictionary) &&
    Object.values(metrics as Dictionary).every(isSummary) &&
    Object.values(metricDefinitions as Dictionary).every(isDictionary) &&
    isListOf(datasets, isNamed) &&
    isListOf(inputs, isNamed)
  );
}

const isNamed = ({ name, digest }: Dictionary): boolean => [name, digest].every((each) => typeof each === "string");

const ATTRIBUTES = /* @__PURE__ */ runAttributes.flatMap(({ member, type, optional = false, of }) =>
  // What checks the member of the record checks these, too.
  of === undefined ? [{ member, optional, holds: type === "text" ? "string" : "number" }] : [],
);

/** Returns whether data is a record, apart from its metrics. Checks by hand, so that a search need not load zod. */
export function hasMembers(value: unknown): value is Omit<RunRecord, "metrics"> & Record<string, unknown> {
  if (!isDictionary(value)) return false;
  for (const { member, optional, holds } of ATTRIBUTES) {
    const attribute = value[member];
    if (optional && attribute === undefined) continue;
    if (holds === "string" ? typeof attribute !== holds : !Number.isFinite(attribute)) return false;
  }
  const { id, experiment, metricDefinitions, media = {}, params, tags, environment, error } = value;
  return (
    ID_PATTERN.test(id as string) &&
    isExperiment(experiment) &&
    isDictionary(params) &&
    isStrings(tags) &&
    [metricDefinitions, media].every((each) => isDictionary(each) && Object.values(each).every(isDictionary)) &&
    ["artifacts", "inputs"].every((key) => isListOf(value[key], isVersion)) &&
    isListOf(value["damage"], isDamage) &&
    isDatasetList(value["datasets"]) &&
    (value["code"] === undefined || isRecordedCode(value["code"])) &&
    (value["forkOf"] === undefined || isForkOrigin(value["forkOf"])) &&
    [environment, error].every((each) => each === undefined || isDictionary(each))
  );
}

function isVersion({ name, version, digest, aliases, metadata, size, createdAt, manifest }: Dictionary): boolean {
  return (
    [name, version, digest].every((each) => typeof each === "string") &&
    [size, createdAt].every((each) => typeof each === "number") &&
    Array.isArray(aliases) &&
    isDictionary(metadata) &&
    isDictionary(manifest) &&
    typeof manifest["key"] === "string" &&
    isCount(manifest["size"]) &&
    isDigest(manifest["digest"])
  );
}

export function isDamage({ kind, key, message, from, to, more }: Dictionary): boolean {
  return (
    [kind, key, message].every((each) => typeof each === "string") &&
    [from, to, more].every((each) => each === undefined || isCount(each))
  );
}

const isListOf = (value: unknown, is: (item: Dictionary) => boolean): boolean =>
  Array.isArray(value) && value.every((item) => isDictionary(item) && is(item));

function isSummary(value: unknown): boolean {
  if (!isDictionary(value) || typeof value["mean"] !== "number" || typeof value["count"] !== "number") return false;
  return (
    isPoint(value["last"]) && ["min", "max", "best"].every((key) => value[key] === undefined || isPoint(value[key]))
  );
}

function isPoint(value: unknown): boolean {
  return isDictionary(value) && ["value", "step", "time"].every((key) => typeof value[key] === "number");
}
