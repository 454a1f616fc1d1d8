import type { Backend, CallOptions } from "../backend/backend.ts";
import { inSlices } from "../platform/event-loop.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { SegmentEntry } from "../journal/segment.ts";
import { type JournalVisitor, readWriter } from "../journal/journal-reader.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import type { PlannedPart } from "./compaction-plan.ts";
import type { CompactedRows } from "./compacted-points.ts";

/** How many keys are prepared between two yields. */
const PIECE = 1024;

/** The sources from which a run is compacted. */
export interface PointSources {
  readonly backend: Backend;
  readonly runId: string;
  /** The segments of each writer with points that are not in `compacted`. */
  readonly segments: ReadonlyMap<string, readonly SegmentEntry[]>;
  /** For each writer, the number after its last record that counts. The writer may have recorded more since. */
  readonly ends: ReadonlyMap<string, number>;
  readonly compacted?:
    | {
        readonly writers: readonly WriterFold[];
        /** Yields the points of these keys, a row group at a time, in order for each writer. */
        rows(keys: ReadonlySet<string>): AsyncIterable<CompactedRows>;
      }
    | undefined;
}

/**
 * Reads the points of one pass, in the order of its parts. Rejects with `CORRUPT` unless there are as many as were
 * counted.
 */
export async function gather(
  { backend, runId, segments, ends, compacted }: PointSources,
  pass: readonly PlannedPart[],
  options?: CallOptions,
): Promise<PartColumns[]> {
  const columns = await inSlices(emptyColumns(pass));
  if (compacted) {
    const wanted = new Set(columns.keys());
    for await (const { key, writer, index, points } of compacted.rows(wanted)) {
      options?.signal?.throwIfAborted();
      const own = columns.get(key) as PartColumns;
      const offset = own.part.planned.offsets.get(writer) as number;
      own.set(offset + index, points.steps, points.times, points.values);
    }
  }
  const known = new Map(compacted?.writers.map((fold) => [fold.writer, fold]));
  for (const [writer, own] of segments) {
    const base = known.get(writer);
    await readWriter(
      backend,
      runId,
      own,
      new GatherVisit(writer, ends.get(writer) ?? 0, columns, base),
      options,
      base?.next,
    );
  }
  for (const { part, filled } of columns.values()) {
    if (filled !== part.to - part.from) {
      const { key } = part.planned;
      throw new LedgerError(
        "CORRUPT",
        `only ${filled} of the ${part.to - part.from} points of ${JSON.stringify(key)} of run ${runId} were found`,
      );
    }
  }
  return [...columns.values()];
}

function* emptyColumns(pass: readonly PlannedPart[]): Generator<void, Map<string, PartColumns>, void> {
  const columns = new Map<string, PartColumns>();
  for (const part of pass) {
    columns.set(part.planned.key, new PartColumns(part));
    if (columns.size % PIECE === 0) yield;
  }
  return columns;
}

/** Collects the points of one writer. */
class GatherVisit implements JournalVisitor {
  readonly #writer: string;
  readonly #end: number;
  readonly #columns: ReadonlyMap<string, PartColumns>;
  readonly #base: WriterFold | undefined;
  readonly #cursors = new Map<string, PartCursor | undefined>();
  readonly #cursorsOfShape = new WeakMap<readonly string[], (PartCursor | undefined)[]>();
  #lastKeys: readonly string[] | undefined;
  #last: (PartCursor | undefined)[] = [];

  constructor(writer: string, end: number, columns: ReadonlyMap<string, PartColumns>, base: WriterFold | undefined) {
    this.#writer = writer;
    this.#end = end;
    this.#columns = columns;
    this.#base = base;
  }

  row(n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void {
    if (n >= this.#end) return;
    if (keys !== this.#lastKeys) {
      this.#lastKeys = keys;
      this.#last = this.#cursorsOf(keys);
    }
    const cursors = this.#last;
    for (let i = 0; i < cursors.length; i++) cursors[i]?.push(step, time, values[i] as number);
  }

  event(): void {}

  damage(): void {}

  #cursorsOf(keys: readonly string[]): (PartCursor | undefined)[] {
    let cursors = this.#cursorsOfShape.get(keys);
    if (cursors === undefined) {
      cursors = keys.map((key) => this.#cursor(key));
      this.#cursorsOfShape.set(keys, cursors);
    }
    return cursors;
  }

  #cursor(key: string): PartCursor | undefined {
    if (this.#cursors.has(key)) return this.#cursors.get(key);
    const columns = this.#columns.get(key);
    const offset = columns?.part.planned.offsets.get(this.#writer);
    const before = this.#base?.summaries.get(key)?.count ?? 0;
    const cursor = columns && offset !== undefined ? new PartCursor(columns, offset + before) : undefined;
    this.#cursors.set(key, cursor);
    return cursor;
  }
}

/** The points of a part of a key. Each point is put at its index when it is read, in any order of the sources. */
class PartColumns {
  readonly part: PlannedPart;
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** The number of points put in so far. */
  filled = 0;

  constructor(part: PlannedPart) {
    this.part = part;
    const length = part.to - part.from;
    this.steps = new Float64Array(length);
    this.times = new Float64Array(length);
    this.values = new Float64Array(length);
  }

  /** Puts in the points from index `place` of the key on, as far as they belong to this part. */
  set(place: number, steps: Float64Array, times: Float64Array, values: Float64Array): void {
    const { from, to } = this.part;
    const start = Math.max(0, from - place);
    const end = Math.min(steps.length, to - place);
    if (start >= end) return;
    this.steps.set(steps.subarray(start, end), place + start - from);
    this.times.set(times.subarray(start, end), place + start - from);
    this.values.set(values.subarray(start, end), place + start - from);
    this.filled += end - start;
  }
}

/** Puts the points of one writer into a part, one by one, in the order in which they were logged. */
class PartCursor {
  readonly #columns: PartColumns;
  readonly #length: number;
  /** The index of the next point in the part. It may lie outside the part. */
  #at: number;

  constructor(columns: PartColumns, place: number) {
    this.#columns = columns;
    this.#length = columns.values.length;
    this.#at = place - columns.part.from;
  }

  push(step: number, time: number, value: number): void {
    const at = this.#at++;
    if (at < 0 || at >= this.#length) return;
    const columns = this.#columns;
    columns.steps[at] = step;
    columns.times[at] = time;
    columns.values[at] = value;
    columns.filled++;
  }
}
