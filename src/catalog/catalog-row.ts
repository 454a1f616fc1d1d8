import type { RunRecord } from "../journal/run-record.ts";

/** A run as the catalogue knows it. Of two rows of one run the one with the higher numbers is the newer. */
export interface CatalogRow {
  readonly record: RunRecord;
  /** Number of the run document that the record is of; 0 for a run that is open. */
  readonly document: number;
  /** Number of the newest marker of its deletion or restoration, 0 when there is none. */
  readonly marker: number;
}

/** Whether of the rows of one run the first is older than the second. */
export function isOlder(a: Omit<CatalogRow, "record">, b: Omit<CatalogRow, "record">): boolean {
  return a.document !== b.document ? a.document < b.document : a.marker < b.marker;
}
