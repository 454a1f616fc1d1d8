import type { RunRecord } from "../journal/run-record.ts";

/** A run as the catalogue knows it. Of two rows of a run, the one with the higher numbers is newer. */
export interface CatalogRow {
  readonly record: RunRecord;
  /** The number of the run document that the record is from; 0 for a run that is open. */
  readonly document: number;
  /** The number of the newest marker of its deletion or restoration, 0 if there is no marker. */
  readonly marker: number;
}

/** The numbers of the newest row of each run. */
export type NewestRows = ReadonlyMap<string, readonly [document: number, marker: number]>;

/** Returns whether `a` is older than `b`, which is a row of the same run. */
export function isOlder(a: Omit<CatalogRow, "record">, b: Omit<CatalogRow, "record">): boolean {
  return a.document !== b.document ? a.document < b.document : a.marker < b.marker;
}

/** Returns whether a row counts, because `newest` names no newer row of its run. */
export function isCurrent(newest: NewestRows, id: string, document: number, marker: number): boolean {
  const other = newest.get(id);
  return other === undefined || other[0] < document || (other[0] === document && other[1] <= marker);
}
