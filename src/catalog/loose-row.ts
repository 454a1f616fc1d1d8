import type { CatalogRow } from "./catalog-row.ts";
import type { Touched } from "./list-catalog.ts";

/** A run that has entries, as it was read. */
export interface ReadLoose extends CatalogRow {
  readonly touched: Touched;
  /** Nobody writes to it: a segment may have it. */
  readonly isClosed: boolean;
}

/** The same among the segments. */
export interface LooseRow extends ReadLoose {
  /** A segment has a newer row: what was entered for that was removed while it was being listed. */
  readonly isOld: boolean;
}
