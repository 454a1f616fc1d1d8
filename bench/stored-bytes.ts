import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Paths of all files below a directory; links are not followed. */
function* filesBelow(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Bytes of all files below a directory. */
export function storedBytes(directory: string): number {
  return [...filesBelow(directory)].reduce((sum, path) => sum + statSync(path).size, 0);
}

/** What a ledger holds of its runs: everything but the marker, which is there once for all runs. */
export function ledgerBytes(directory: string): number {
  return storedBytes(directory) - statSync(join(directory, "ledger.json")).size;
}

/** How many Parquet files a ledger holds. None means that its runs were not compacted. */
export function parquetFiles(directory: string): number {
  return [...filesBelow(directory)].filter((path) => path.endsWith(".parquet")).length;
}
