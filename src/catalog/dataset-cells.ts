import { parseJson } from "../bytes/parse-json.ts";
import { isDictionary } from "../journal/record-checks.ts";
import type { RecordedDataset } from "../journal/recorded-dataset.ts";

/** What the catalogue says of a data set that a run used. */
export type CatalogDataset = Pick<RecordedDataset, "name" | "digest" | "context" | "artifact">;

/** Returns the cell of a run's data sets. */
export function formatDatasets(datasets: readonly CatalogDataset[]): string {
  return JSON.stringify(datasets.map(({ name, digest, context, artifact }) => ({ name, digest, context, artifact })));
}

/** Returns the data sets of a cell, or `undefined` for anything else. */
export function parseDatasets(text: string): readonly CatalogDataset[] | undefined {
  let datasets: unknown;
  try {
    datasets = parseJson(text);
  } catch {
    return undefined;
  }
  return Array.isArray(datasets) && datasets.every(isCatalogDataset) ? datasets : undefined;
}

function isCatalogDataset(value: unknown): value is CatalogDataset {
  if (!isDictionary(value)) return false;
  const { name, digest, context, artifact } = value;
  return (
    [name, digest].every((each) => typeof each === "string") &&
    [context, artifact].every((each) => each === undefined || typeof each === "string")
  );
}
