import { ownValue } from "../backend/dictionary.ts";
import { type CompactedEnd, type Coverage, isCompacted } from "../journal/compacted.ts";
import type { SegmentEntry } from "../journal/list-segments.ts";
import type { RunState } from "../journal/run-state.ts";
import { segmentKey } from "../journal/segment.ts";
import type { JournalWriter } from "../journal/writer.ts";

/** What of the journals the folds of a run contain: those of `state`, and that of `writer`. */
export function coverage({ listing, folds }: RunState, writer: JournalWriter | undefined): Coverage[] {
  const read = new Map(folds.map((fold) => [fold.writer, fold.read]));
  const listed = [...listing.writers]
    .filter(([id]) => id !== writer?.id)
    .map(([id, segments]) => ({
      writer: id,
      // What came between the listing and the reading is in the fold too.
      segments: segments.map(({ seq, size }) => ({ seq, bytes: Math.max(size, read.get(id)?.get(seq) ?? 0) })),
    }));
  return writer ? [...listed, writer.stored] : listed;
}

/** What a writer stored, as far as it is not compacted already. */
export function ownSegments(runId: string, writer: JournalWriter, end: CompactedEnd | undefined): SegmentEntry[] {
  return writer.stored.segments
    .filter(({ seq, bytes }) => !isCompacted(end, seq, bytes))
    .map(({ seq, bytes }) => ({
      key: segmentKey(runId, { writer: writer.id, seq }),
      writer: writer.id,
      seq,
      size: bytes,
    }));
}

/** Another writer has closed the run for this one too: there is nothing to add. */
export function isAllCompacted(
  runId: string,
  { document, more }: RunState,
  writer: JournalWriter | undefined,
): boolean {
  const compacted = document?.compacted;
  if (compacted === undefined || more.size > 0) return false;
  return writer === undefined || ownSegments(runId, writer, ownValue(compacted.ends, writer.id)).length === 0;
}
