import { mapBounded } from "../platform/bounded.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { GROWTH } from "./compact-experiment.ts";
import { type CopiedRows, rowsOfSegment } from "./copied-rows.ts";
import { openJointSegments, type RowRange } from "./joint-segments.ts";
import { listCatalog } from "./list-catalog.ts";
import type { CatalogTrouble } from "./open-catalog.ts";
import type { RepeatedSegment } from "./segment-directory.ts";
import {
  MAX_JOINED_BYTES,
  MAX_JOINED_ROWS,
  MAX_SEGMENT_CELLS,
  MAX_SEGMENT_ROWS,
  MIN_JOINED,
} from "./segment-limits.ts";
import { nameOf, nextGeneration } from "./segment-name.ts";
import { storeJoint } from "./segment-write.ts";
import type { Segment } from "./segment.ts";

const AT_ONCE = 16;

/** Consecutive rows of a segment, and what they are. */
interface Part {
  readonly segment: Segment;
  readonly range: RowRange;
  readonly of: RepeatedSegment;
}

/**
 * Repeats the small segments of all experiments in joint segments, so that a search over all of them reads few objects.
 * A joint segment holds nothing that the segments do not hold: it may be made twice, and removed at any time.
 */
export async function compactJointly(
  context: CatalogContext,
  trouble: CatalogTrouble,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { backend, segments: cache } = context;
  // One that cannot be read would only be made again from the same segments.
  if (trouble.unusable.size > 0) return;
  const listed = await listCatalog(backend, undefined, () => {}, signal);
  const { ranges, repeated } = await openJointSegments(context, listed, trouble.unusable, signal);
  const parts: Part[] = [];
  const replaced = listed.joint.filter(({ key }) => [...ranges.keys()].every(({ name }) => name.key !== key));
  const names = listed.experiments.flatMap(({ segments }) =>
    segments.filter(({ key, size }) => !repeated.has(key) && size <= MAX_JOINED_BYTES),
  );
  if (names.length >= MIN_JOINED) {
    const opened = await mapBounded(names, AT_ONCE, signal, (name, stop) => cache.open(name, stop));
    const joined = opened.filter(({ rows }) => rows <= MAX_JOINED_ROWS);
    let total = 0;
    for (const segment of joined) {
      const { rows, name, directory } = segment;
      const experiment = name.key.split("/")[1]!;
      const { peers, replaces } = directory;
      parts.push({
        segment,
        range: { start: 0, end: rows },
        of: { experiment, name: nameOf(name), rows, peers, replaces },
      });
      total += rows;
    }
    const byRows = [...ranges].map(([segment, own]) => ({
      segment,
      valid: own.reduce((sum, { start, end }) => sum + end - start, 0),
    }));
    for (const { segment, valid } of byRows.sort((a, b) => a.valid - b.valid)) {
      if (2 * valid > segment.rows && (valid > GROWTH * total || valid + total > MAX_SEGMENT_ROWS)) continue;
      for (const part of partsOf(segment, ranges.get(segment)!)) parts.push(part);
      replaced.push(segment.name);
      total += valid;
    }
    if (joined.length >= MIN_JOINED) await storeParts(context, parts, nextGeneration(listed.joint), signal);
    else return;
  }
  await mapBounded(replaced, AT_ONCE, signal, ({ key }, stop) => backend.remove(key, { signal: stop }));
  for (const name of replaced) cache.forget(name);
}

/** Returns the parts of a joint segment that still count. */
function partsOf(segment: Segment, ranges: readonly RowRange[]): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const of of segment.directory.repeats) {
    const range = { start, end: start + of.rows };
    if (ranges.some((own) => own.start <= range.start && range.end <= own.end)) parts.push({ segment, range, of });
    start = range.end;
  }
  return parts;
}

async function storeParts(
  context: CatalogContext,
  parts: readonly Part[],
  generation: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let i = 0; i < parts.length;) {
    const some: Part[] = [];
    for (let rows = 0, cells = 0; i < parts.length; i++) {
      const { segment, of } = parts[i]!;
      rows += of.rows;
      cells += of.rows * valuesOf(segment);
      if (some.length > 0 && (rows > MAX_SEGMENT_ROWS || cells > MAX_SEGMENT_CELLS)) break;
      some.push(parts[i]!);
    }
    await storeJoint(
      context,
      generation,
      some.map(({ of }) => of),
      rowsOf(context, some, signal),
      signal,
    );
  }
}

/** Returns the average number of values of a row. */
function valuesOf({ rows, directory }: Segment): number {
  return directory.columns.reduce((sum, { nulls }) => sum + rows - nulls, 0) / rows;
}

async function* rowsOf(
  { backend }: CatalogContext,
  parts: readonly Part[],
  signal: AbortSignal | undefined,
): AsyncGenerator<CatalogRow | CopiedRows, void, undefined> {
  for (let next = 0; next < parts.length;) {
    const { segment } = parts[next]!;
    const wanted: number[] = [];
    for (; parts[next]?.segment === segment; next++) {
      const { start, end } = parts[next]!.range;
      for (let row = start; row < end; row++) wanted.push(row);
    }
    yield* rowsOfSegment(segment, backend, wanted, signal);
  }
}
