import { LedgerError } from "../errors/ledger-error.ts";
import type { JsonLimits } from "../bytes/parse-json.ts";
import { encodeCheckedJsonInPieces } from "../bytes/checked-json.ts";
import type { Compacted, CompactedObject, StoredObject } from "./compacted.ts";
import type { RunRecord } from "./run-record.ts";
import { storeFold } from "./stored-fold.ts";

/** The greatest size of a document: the run at its greatest size, twice, of several writers. */
export const DOCUMENT_LIMITS: JsonLimits = { chars: 128 * 1024 * 1024, values: 8_000_000 };
/** The greatest length of a document in bytes, with its checksum. */
export const MAX_DOCUMENT_BYTES: number = DOCUMENT_LIMITS.chars;
/** With more metrics and keys of rich values than this, the summaries are in an object of their own. */
export const MAX_INLINE_SUMMARIES = 2000;

/**
 * The fold of a run, written when the run closes. Its record is valid as long as the journals hold no more than is
 * compacted or in `objects`. With `compacted` it replaces journals, which may be gone.
 */
export interface RunDocument {
  readonly record: RunRecord;
  /**
   * The inventory of the run: every object below its prefix that belonged to it at the close, by ascending name. It
   * lacks this document, compacted journals and markers of deletion.
   */
  readonly objects: readonly StoredObject[];
  readonly compacted?: Compacted | undefined;
  /** The object with the summaries of `record`, if there are very many. */
  readonly summaries?: CompactedObject | undefined;
}

/** Returns the objects that the members `compacted` and `summaries` of a document name, each once. */
export function namedObjects({
  compacted,
  summaries,
}: Pick<RunDocument, "compacted" | "summaries">): CompactedObject[] {
  const { metrics = [], overview, media = [], events = [], summaries: compactedSummaries } = compacted ?? {};
  const all = [...metrics, ...media, ...events, overview, summaries, compactedSummaries];
  return [...new Map(all.flatMap((each) => (each ? [[each.name, each] as const] : []))).values()];
}

/** The greatest number that {@link parseRunDocumentKey} reads. */
export const MAX_DOCUMENT_NUMBER = 999_999_999;

const DOCUMENT = /^runs\/[^/]+\/run(?:\.((?!000[01])[0-9]{4}|[1-9][0-9]{4,8}))?\.json$/;

/**
 * Returns the key of the `n`-th document of a run: `run.json`, then `run.0002.json` and so on, because objects never
 * change.
 */
export function runDocumentKey(runId: string, n: number): string {
  return n === 1 ? `runs/${runId}/run.json` : `runs/${runId}/run.${String(n).padStart(4, "0")}.json`;
}

/** Returns the number in a key that {@link runDocumentKey} made, or `undefined` for any other key. */
export function parseRunDocumentKey(key: string): number | undefined {
  const match = DOCUMENT.exec(key);
  return match ? Number(match[1] ?? 1) : undefined;
}

/**
 * Returns the bytes of a document. Yields where it may be interrupted. Throws `TOO_LARGE` beyond
 * {@link DOCUMENT_LIMITS} or {@link MAX_DOCUMENT_BYTES}.
 */
export function* encodeRunDocument({
  record,
  objects,
  compacted,
  summaries,
}: RunDocument): Generator<void, Uint8Array, void> {
  const apart = summaries !== undefined;
  const { datasets, metrics, media, ...rest } = record;
  const kept = {
    ...rest,
    ...(!apart && { metrics }),
    ...(!apart && media && { media }),
    // Documents without data sets have no `datasets`.
    ...(datasets.length > 0 && { datasets }),
  };
  const document = {
    v: 1,
    record: kept,
    objects,
    ...(compacted && { compacted: storeCompacted(compacted) }),
    ...(apart && { summaries: summaries.name }),
  };
  const bytes = yield* encodeCheckedJsonInPieces(document, "run", DOCUMENT_LIMITS);
  if (bytes.length <= MAX_DOCUMENT_BYTES) return bytes;
  throw new LedgerError("TOO_LARGE", `the run document has more than ${MAX_DOCUMENT_BYTES} bytes`, { field: "run" });
}

/** Returns a compaction as it is stored: its objects are in the inventory, so this has only their names. */
function storeCompacted({ metrics, overview, writers, media, events, summaries, ends }: Compacted): object {
  const names = (objects: readonly CompactedObject[]): string[] => objects.map(({ name }) => name);
  return {
    metrics: names(metrics),
    ...(overview && { overview: overview.name }),
    writers: writers.map((fold) => storeFold(fold, summaries !== undefined)),
    media: names(media),
    events: names(events),
    ...(summaries && { summaries: summaries.name }),
    ends,
  };
}
