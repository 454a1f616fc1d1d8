import type { CatalogRow } from "./catalog-row.ts";
import type { Touched } from "./list-catalog.ts";

/** A run that has entries. */
export interface LooseRow extends CatalogRow {
  readonly touched: Touched;
  /** Nobody writes to it: a segment may have it. */
  readonly isClosed: boolean;
}
