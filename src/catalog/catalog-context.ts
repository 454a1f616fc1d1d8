import type { Backend } from "../backend/backend.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { SegmentCache } from "./segment-cache.ts";

/** What the catalogue needs of its ledger. */
export interface CatalogContext {
  readonly backend: Backend;
  readonly segments: SegmentCache;
  /** An id that nobody else makes. */
  readonly newId: () => string;
  readonly onError: (error: LedgerError) => void;
}
