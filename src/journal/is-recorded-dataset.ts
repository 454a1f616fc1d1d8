import { setOwn } from "../bytes/dictionary.ts";
import type { DatasetEvent, Dictionary } from "./event.ts";
import { isCount, isDictionary } from "./record-checks.ts";
import { type ColumnProfile, MAX_DATASET_COLUMNS, type RecordedDataset } from "./recorded-dataset.ts";

/** The members that hold a text. */
const TEXTS = ["uri", "context", "artifact"] as const;
/** The members that hold a count. */
const COUNTS = ["size", "rows", "columns"] as const;
/** The members of a profile that hold a number, which may be infinite or NaN. */
const NUMBERS = ["min", "max", "mean"] as const;

/** Returns whether a value can be the `datasets` of a record. */
export function isDatasetList(value: unknown): value is RecordedDataset[] {
  return (
    Array.isArray(value) &&
    value.every((each) => isDictionary(each) && isDatasetData(each) && typeof each["time"] === "number")
  );
}

/** Returns whether stored data has what an event and a record say of a data set, with the right types. */
export function isDatasetData(value: Dictionary): boolean {
  const { name, digest, schema, profile } = value;
  return (
    [name, digest].every((each) => typeof each === "string") &&
    TEXTS.every((key) => value[key] === undefined || typeof value[key] === "string") &&
    COUNTS.every((key) => value[key] === undefined || isCount(value[key])) &&
    (schema === undefined || isSchema(schema)) &&
    (profile === undefined || isProfile(profile))
  );
}

function isSchema(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= MAX_DATASET_COLUMNS &&
    value.every((each) => isDictionary(each) && ["name", "type"].every((key) => typeof each[key] === "string"))
  );
}

function isProfile(value: unknown): boolean {
  if (!isDictionary(value)) return false;
  const columns = Object.values(value);
  return columns.length <= MAX_DATASET_COLUMNS && columns.every((each) => isDictionary(each) && isColumn(each));
}

function isColumn(column: Dictionary): boolean {
  const { nulls, distinct } = column;
  return (
    isCount(nulls) &&
    (distinct === undefined || isCount(distinct)) &&
    NUMBERS.every((key) => column[key] === undefined || typeof column[key] === "number")
  );
}

/** Returns an event without the members that this version does not know in its schema and profile. */
export function knownDataset<E extends DatasetEvent>(event: E): E {
  const { schema, profile } = event;
  if (schema === undefined && profile === undefined) return event;
  return {
    ...event,
    ...(schema && { schema: schema.map(({ name, type }) => ({ name, type })) }),
    ...(profile && { profile: knownProfile(profile) }),
  };
}

function knownProfile(profile: NonNullable<DatasetEvent["profile"]>): Dictionary<ColumnProfile> {
  const known: Dictionary<ColumnProfile> = {};
  for (const [name, { nulls, min, max, mean, distinct }] of Object.entries(profile)) {
    setOwn(known, name, {
      nulls,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(mean !== undefined && { mean }),
      ...(distinct !== undefined && { distinct }),
    });
  }
  return known;
}
