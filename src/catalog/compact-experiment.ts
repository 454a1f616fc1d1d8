import { UnreadableRuns } from "../journal/unreadable-runs.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { type CatalogRow, isCurrent, isOlder } from "./catalog-row.ts";
import { type LooseRow, type OpenExperiment, RUNS_AT_ONCE } from "./open-experiment.ts";
import { readLoose } from "./read-run-row.ts";
import type { Segment } from "./segment.ts";
import { lineageOf } from "./segment-lineage.ts";
import { MAX_SEGMENT_BYTES, MAX_SEGMENT_CELLS, MAX_SEGMENT_ROWS } from "./segment-limits.ts";
import { nextGeneration } from "./segment-name.ts";
import { storeRows } from "./segment-write.ts";
import { type CopiedRows, rowsOfSegment } from "./copied-rows.ts";

/**
 * A segment is merged only with runs that are at least a third as many as its own. So an experiment has few segments,
 * and each run is written again about ten times in all.
 */
export const GROWTH = 3;
const REMOVALS_AT_ONCE = 16;

/**
 * Stores closed runs that have entries in a segment, together with the runs of segments that are not much larger. Then
 * removes the entries and segments that the new one replaces. Any number of processes may do the same at the same time,
 * and may die at any point: a row in two segments counts once, and nothing is removed before a segment with all its
 * rows is stored. Does nothing for fewer than `least` runs.
 */
export async function compactExperiment(
  context: CatalogContext,
  open: OpenExperiment,
  least: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (open.loose.filter(({ isClosed }) => isClosed).length < least) return;
  const closed = await readAgain(context, open, signal);
  if (closed.length === 0) return;
  const merged = toMerge(open.segments, closed.length);
  const { prefix, segments } = open.listing;
  const generation = nextGeneration(segments);
  const lineage = lineageOf(generation, open.segments, merged);
  await storeRows(context, prefix, generation, rowsOf(context, open, closed, merged, signal), signal, lineage);

  const { backend } = context;
  await mapBounded(closed, REMOVALS_AT_ONCE, signal, async ({ entries }, stop) => {
    // In order, because an entry that says that the run is open must not be the only one left.
    for (const key of entries.keys) await backend.remove(key, { signal: stop });
  });
  for (const { record } of closed) context.closedRuns.forget(record.id);
  await mapBounded(merged, REMOVALS_AT_ONCE, signal, ({ name }, stop) => backend.remove(name.key, { signal: stop }));
  for (const { name } of merged) context.segments.forget(name);
}

/** Returns the closed runs. Reads those again that were read earlier: others may have replaced them by hand since. */
async function readAgain(
  { backend }: CatalogContext,
  { listing, loose, amended }: OpenExperiment,
  signal: AbortSignal | undefined,
): Promise<LooseRow[]> {
  const closed = loose.filter(({ isClosed }) => isClosed);
  if (!closed.some(({ isRemembered }) => isRemembered)) return closed;
  const unreadable = new UnreadableRuns();
  const rows = await mapBounded(closed, RUNS_AT_ONCE, signal, async (row, stop): Promise<LooseRow | undefined> => {
    if (row.isRemembered !== true) return row;
    const { id } = row.record;
    const read = await readLoose(backend, listing.prefix, [id, row.entries], unreadable, stop);
    return read?.isClosed === true
      ? { ...read, isOld: !isCurrent(amended, id, read.document, read.marker) }
      : undefined;
  });
  return rows.filter((row) => row !== undefined);
}

function toMerge(segments: readonly Segment[], rows: number): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments.toSorted((a, b) => a.rows - b.rows)) {
    if (segment.rows > GROWTH * rows || segment.rows + rows > MAX_SEGMENT_ROWS) break;
    // The result would only be split again.
    if (isLarge(segment)) continue;
    merged.push(segment);
    rows += segment.rows;
  }
  return merged;
}

/** Returns whether the runs of a segment are so large that few of them fill a segment. */
function isLarge({ name, rows, directory }: Segment): boolean {
  const cells = directory.columns.reduce((sum, { nulls }) => sum + rows - nulls, 0);
  return name.size > MAX_SEGMENT_BYTES / 2 || cells > MAX_SEGMENT_CELLS / 2;
}

async function* rowsOf(
  { backend }: CatalogContext,
  open: OpenExperiment,
  closed: readonly LooseRow[],
  merged: readonly Segment[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CatalogRow | CopiedRows, void, undefined> {
  // Rows from the runs themselves come first. Of rows with the same numbers they are preferred, because they need not
  // be read again.
  const loose = new Map(closed.filter(({ isOld }) => !isOld).map((row) => [row.record.id, row]));
  yield* loose.values();
  const best = new Map<string, { segment: Segment; at: number; document: number; marker: number }>();
  for (const segment of merged) {
    await segment.load(backend, ["run_id", "document", "marker"], 1, signal);
    const [documents, markers] = ["document", "marker"].map((name) => segment.cells(name));
    for (let at = 0; at < segment.rows; at++) {
      const id = segment.idAt(at);
      const row = { segment, at, document: Number(documents?.at(at)), marker: Number(markers?.at(at)) };
      const other = best.get(id);
      // Keeps the rows of runs that this search reads from their own objects: another process may have removed their
      // entries.
      if (loose.has(id) || !isCurrent(open.amended, id, row.document, row.marker)) continue;
      if (other === undefined || isOlder(other, row)) best.set(id, row);
    }
  }
  for (const segment of merged) {
    const rows = [...best.values()].filter((row) => row.segment === segment).map(({ at }) => at);
    yield* rowsOfSegment(
      segment,
      backend,
      rows.sort((a, b) => a - b),
      signal,
    );
  }
}
