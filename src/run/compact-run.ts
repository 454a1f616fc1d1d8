import { callOptions } from "../backend/call-options.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { noNumberAfter } from "../errors/no-number-after.ts";
import {
  type Compacted,
  compactedEnds,
  type Coverage,
  MAX_COMPACTION_NUMBER,
  metricsName,
  parseMetricsName,
} from "../journal/compacted.ts";
import { losesRecords } from "../journal/damage.ts";
import { type FlushRange, FlushRanges } from "../journal/flush-pattern.ts";
import type { RunListing } from "../journal/list-run.ts";
import { runPrefix } from "../journal/run-created.ts";
import { type RunDocument, runDocumentKey } from "../journal/run-document.ts";
import { segmentKey } from "../journal/segment.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { compactRecords } from "./compact-records.ts";
import { outdatedDocuments } from "./outdated-documents.ts";
import { type CompactionInput, storePoints } from "./store-points.ts";

const REMOVALS_AT_ONCE = 16;

/**
 * Returns whether a compaction can replace the journals: not if records are damaged, or of a kind that this version
 * does not know.
 */
export function isCompactable(folds: readonly WriterFold[]): boolean {
  return folds.every(({ damage }) => damage.every((each) => !losesRecords(each) && each.kind !== "unknown"));
}

/**
 * Stores the points and the records of a run in files, and reads each file back. Returns `undefined` if there are no
 * points.
 */
export async function compactRun(input: CompactionInput): Promise<Compacted | undefined> {
  const { runId, listing, base, covers } = input;
  const used = [...listing.metrics, ...(base?.metrics ?? []).map(({ name, size }) => parseMetricsName(name, size))];
  for (let n = used.reduce((most, each) => Math.max(most, each?.compaction ?? 0), 0) + 1; ; n++) {
    if (n > MAX_COMPACTION_NUMBER) throw noNumberAfter(`${runPrefix(runId)}/${metricsName(MAX_COMPACTION_NUMBER, 1)}`);
    try {
      const points = await storePoints(input, n);
      if (points === undefined) return undefined;
      const records = await compactRecords(input);
      return { ...points, ...records, ends: compactedEnds(base?.ends, covers) };
    } catch (error) {
      // An incomplete attempt has the name, or another writer compacts at the same time.
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
      if (error.key !== undefined) input.made.delete(error.key.slice(runPrefix(runId).length + 1));
    }
  }
}

/** A run document that survives a power cut, and the objects that it replaces. */
export interface Superseded {
  /** The listing of the run before the compaction began. */
  readonly listing: RunListing;
  /** Segments that the document covers and that cannot grow. */
  readonly settled: readonly Coverage[];
  readonly document: Pick<RunDocument, "objects">;
  /** The number of the document. */
  readonly number: number;
}

/** Returns the keys that {@link removeSuperseded} removes, segments first. */
export function supersededKeys(runId: string, { listing, document, number, settled }: Superseded): string[] {
  const kept = new Set(document.objects.map(({ name }) => name));
  const segments = settled.flatMap((each) => [
    ...each.segments.map((segment) => segmentKey(runId, { writer: each.writer, ...segment })),
    ...repeatedKeys(runId, listing, each),
  ]);
  const others = [...listing.metrics.map(({ name }) => name), ...listing.records].filter((name) => !kept.has(name));
  const documents = outdatedDocuments(listing, number).map((n) => runDocumentKey(runId, n));
  return [...segments, ...others.map((name) => `${runPrefix(runId)}/${name}`), ...documents];
}

/** Returns the keys of segments whose records covered segments of the same writer hold, too. */
function repeatedKeys(runId: string, listing: RunListing, { writer, segments, repeated = [] }: Coverage): string[] {
  const covered = new FlushRanges<FlushRange>(segments);
  const listed = [...(listing.writers.get(writer) ?? []), ...listing.repeated.filter((each) => each.writer === writer)];
  const keys = [...repeated, ...listed].flatMap((range) => {
    const holder = covered.holding(range);
    const isRepeated = holder && (holder.seq !== range.seq || holder.flushes !== range.flushes);
    return isRepeated ? [segmentKey(runId, { writer, seq: range.seq, flushes: range.flushes })] : [];
  });
  return [...new Set(keys)];
}

/** Removes the segments that covered segments repeat. */
export async function removeRepeated(
  backend: Backend,
  runId: string,
  { listing, covers }: { readonly listing: RunListing; readonly covers: readonly Coverage[] },
  signal?: AbortSignal,
): Promise<void> {
  const keys = covers.flatMap((each) => repeatedKeys(runId, listing, each));
  await mapBounded(keys, REMOVALS_AT_ONCE, signal, (each) => backend.remove(each, callOptions(signal)));
}

/**
 * Removes the journals that a document covers, and the compactions that it does not name. No writer needs a compaction
 * that is older than the document's own: the number of the document that would name it is taken.
 */
export async function removeSuperseded(
  backend: Backend,
  runId: string,
  superseded: Superseded,
  signal?: AbortSignal,
): Promise<void> {
  const keys = supersededKeys(runId, superseded);
  await mapBounded(keys, REMOVALS_AT_ONCE, signal, (each, stop) => backend.remove(each, { signal: stop }));
}
