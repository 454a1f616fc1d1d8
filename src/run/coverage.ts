import { ownValue } from "../bytes/dictionary.ts";
import { type CompactedEnd, type Coverage, type CoveredSegment, isCompacted } from "../journal/compacted.ts";
import { divideRepeated } from "../journal/flush-pattern.ts";
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
  const covered = new Map<string, Map<string, CoveredSegment>>();
  const cover = (id: string, { seq, flushes, bytes }: CoveredSegment): void => {
    const own = covered.get(id) ?? new Map<string, CoveredSegment>();
    const name = `${seq}-${flushes}`;
    covered.set(id, own.set(name, { seq, flushes, bytes: Math.max(bytes, own.get(name)?.bytes ?? 0) }));
  };
  for (const { writer: id, ...segment } of segmentsIn(document?.objects ?? [])) cover(id, segment);
  for (const [id, segments] of listing.writers)
    // The fold also has records that came after the listing, but before the reading.
    for (const { seq, flushes, size } of segments)
      cover(id, { seq, flushes, bytes: Math.max(size, read.get(id)?.get(seq) ?? 0) });
  if (writer) covered.delete(writer.id);
  const others = [...covered].map(([id, segments]) => ({
    writer: id,
    segments: divideRepeated([...segments.values()]).needed,
  }));
  return writer ? [...others, writer.stored] : others;
}

/** Returns the segments that a writer stored and that are not compacted yet. */
export function ownSegments(runId: string, writer: JournalWriter, end: CompactedEnd | undefined): SegmentEntry[] {
  return writer.stored.segments
    .filter(({ seq, bytes }) => !isCompacted(end, seq, bytes))
    .map(({ seq, flushes, bytes }) => {
      const name = { writer: writer.id, seq, flushes };
      return { key: segmentKey(runId, name), ...name, size: bytes };
    });
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
