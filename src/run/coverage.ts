import { ownValue } from "../bytes/dictionary.ts";
import { type CompactedEnd, type Coverage, isCompacted } from "../journal/compacted.ts";
import { segmentsIn } from "../journal/inventory.ts";
import { type SegmentEntry, segmentKey } from "../journal/segment.ts";
import type { RunState } from "../journal/run-state.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";

/**
 * Returns the segments that the folds of a run contain: those of `state`, and those of `writer`. Keeps the segments
 * that the document covered even if they are cut or gone now, so that readers see the loss.
 */
export function coverage({ listing, folds, document }: RunState, writer: JournalWriter | undefined): Coverage[] {
  const read = new Map(folds.map((fold) => [fold.writer, fold.read]));
  const covered = new Map<string, Map<number, number>>();
  const cover = (id: string, seq: number, bytes: number): void => {
    const own = covered.get(id) ?? new Map<number, number>();
    covered.set(id, own.set(seq, Math.max(bytes, own.get(seq) ?? 0)));
  };
  for (const { writer: id, seq, bytes } of segmentsIn(document?.objects ?? [])) cover(id, seq, bytes);
  for (const [id, segments] of listing.writers)
    // The fold also has records that came after the listing, but before the reading.
    for (const { seq, size } of segments) cover(id, seq, Math.max(size, read.get(id)?.get(seq) ?? 0));
  if (writer) covered.delete(writer.id);
  const others = [...covered].map(([id, segments]) => ({
    writer: id,
    segments: [...segments].map(([seq, bytes]) => ({ seq, bytes })).sort((a, b) => a.seq - b.seq),
  }));
  return writer ? [...others, writer.stored] : others;
}

/** Returns the segments that a writer stored and that are not compacted yet. */
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

/** Whether another writer has closed the run for this one too, so that there is nothing to add. */
export function isAllCompacted(
  runId: string,
  { document, more }: RunState,
  writer: JournalWriter | undefined,
): boolean {
  const compacted = document?.compacted;
  if (compacted === undefined || more.size > 0) return false;
  return writer === undefined || ownSegments(runId, writer, ownValue(compacted.ends, writer.id)).length === 0;
}
