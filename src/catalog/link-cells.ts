import { parseJson } from "../bytes/parse-json.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { isDictionary } from "../journal/record-checks.ts";
import type { RecordedDataset } from "../journal/recorded-dataset.ts";

/** What the catalogue says of a data set that a run used. */
export type CatalogDataset = Pick<RecordedDataset, "name" | "digest" | "context" | "artifact">;
/** What the catalogue says of an artifact version that a run made or used. */
export type CatalogVersion = Pick<RecordedVersion, "name" | "version" | "digest">;

/** Returns the cell of a run's data sets. */
export function formatDatasets(datasets: readonly CatalogDataset[]): string {
  return JSON.stringify(datasets.map(({ name, digest, context, artifact }) => ({ name, digest, context, artifact })));
}

/** Returns the cell of the versions that a run made or used. */
export function formatVersions(versions: readonly CatalogVersion[]): string {
  return JSON.stringify(versions.map(({ name, version, digest }) => ({ name, version, digest })));
}

/** Returns the data sets of a cell, or `undefined` for anything else. */
export function parseDatasets(text: string): readonly CatalogDataset[] | undefined {
  return parseList(text, ["name", "digest"], ["context", "artifact"]) as readonly CatalogDataset[] | undefined;
}

/** Returns the versions of a cell, or `undefined` for anything else. */
export function parseVersions(text: string): readonly CatalogVersion[] | undefined {
  return parseList(text, ["name", "version", "digest"], []) as readonly CatalogVersion[] | undefined;
}

/** Returns a list of objects with these texts, or `undefined` for anything else. */
function parseList(text: string, required: readonly string[], optional: readonly string[]): object[] | undefined {
  let list: unknown;
  try {
    list = parseJson(text);
  } catch {
    return undefined;
  }
  const fits = (item: unknown): item is object =>
    isDictionary(item) &&
    required.every((key) => typeof item[key] === "string") &&
    optional.every((key) => item[key] === undefined || typeof item[key] === "string");
  return Array.isArray(list) && list.every(fits) ? list : undefined;
}
