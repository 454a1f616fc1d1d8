import { LedgerError } from "../errors/ledger-error.ts";
import type { JsonLimits } from "../bytes/parse-json.ts";
import { encodeCheckedJson } from "../bytes/checked-json.ts";
import type { Compacted, CompactedObject, Coverage } from "./compacted.ts";
import type { RunRecord } from "./run-record.ts";
import { storeFold } from "./stored-fold.ts";

/** How much JSON a document may be: the run as it is, twice, of several writers. */
export const DOCUMENT_LIMITS: JsonLimits = { chars: 128 * 1024 * 1024, values: 8_000_000 };
/** Longest document in bytes, with its checksum. */
export const MAX_DOCUMENT_BYTES: number = DOCUMENT_LIMITS.chars;
/** With more metrics, or keys of rich values, than this the summaries stand in an object of their own. */
export const MAX_INLINE_SUMMARIES = 2000;

/**
 * The fold of a run, written when it closes. Its record is good as long as the journals hold no more than it covers. With
 * `compacted` it stands in for journals that may be gone.
 */
export interface RunDocument {
  readonly record: RunRecord;
  readonly covers: readonly Coverage[];
  readonly compacted?: Compacted | undefined;
  /** Holds the metrics and the rich values of `record` in brief, if there are very many. */
  readonly summaries?: CompactedObject | undefined;
}

/** The objects that a document names, which belong to it. */
export function objectsOf({ compacted, summaries }: Pick<RunDocument, "compacted" | "summaries">): CompactedObject[] {
  const { metrics = [], overview, media = [], events = [], summaries: compactedSummaries } = compacted ?? {};
  const single = [overview, summaries, compactedSummaries].filter((each) => each !== undefined);
  return [...metrics, ...media, ...events, ...single];
}

const DOCUMENT = /^run(?:\.([0-9]{4,9}))?\.json$/;

/** Key of a run's `n`-th document: `run.json`, then `run.0002.json` and so on, since nothing is ever written over. */
export function runDocumentKey(runId: string, n: number): string {
  return n === 1 ? `runs/${runId}/run.json` : `runs/${runId}/run.${String(n).padStart(4, "0")}.json`;
}

/** The number in a key that {@link runDocumentKey} made, or `undefined` for any other key. */
export function parseRunDocumentKey(key: string): number | undefined {
  const match = DOCUMENT.exec(key.slice(key.lastIndexOf("/") + 1));
  return match ? Number(match[1] ?? 1) : undefined;
}

/** Throws `TOO_LARGE` beyond {@link DOCUMENT_LIMITS} and {@link MAX_DOCUMENT_BYTES}. */
export function encodeRunDocument({ record, covers, compacted, summaries }: RunDocument): Uint8Array {
  const apart = summaries !== undefined;
  const isApart = compacted?.summaries !== undefined;
  const stored = compacted && { ...compacted, writers: compacted.writers.map((fold) => storeFold(fold, isApart)) };
  const { datasets, metrics, media, ...rest } = record;
  const kept = {
    ...rest,
    ...(!apart && { metrics }),
    ...(!apart && media && { media }),
    // Left out when there are none, as before there could be any.
    ...(datasets.length > 0 && { datasets }),
  };
  const document = { v: 1, record: kept, covers, ...(stored && { compacted: stored }), ...(apart && { summaries }) };
  const bytes = encodeCheckedJson(document, "run", DOCUMENT_LIMITS);
  if (bytes.length <= MAX_DOCUMENT_BYTES) return bytes;
  throw new LedgerError("TOO_LARGE", `the run document has more than ${MAX_DOCUMENT_BYTES} bytes`, { field: "run" });
}
