import type { Backend } from "../backend/backend.ts";
import type { Compacted } from "../journal/compacted.ts";
import type { SegmentEntry } from "../journal/list-segments.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import type { StoreOptions } from "./store-object.ts";

/** What the records of a run are compacted from. */
export interface RecordsInput extends StoreOptions {
  readonly backend: Backend;
  readonly runId: string;
  /** Of all writers, in the writers' order. */
  readonly folds: readonly WriterFold[];
  /** Segments with records that `base` does not have. */
  readonly segments: ReadonlyMap<string, readonly SegmentEntry[]>;
  readonly base: Compacted | undefined;
  /** Makes the ids of objects. */
  readonly newId: () => string;
}
