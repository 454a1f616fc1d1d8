import type { Backend, CallOptions } from "../backend/backend.ts";
import { type Damage, losesRecords } from "../journal/damage.ts";
import { decodeEvent } from "../journal/decode-event.ts";
import type { RunEvent } from "../journal/event.ts";
import { type LostRecords, lostSince, Seen } from "../journal/lost-objects.ts";
import type { RunListing } from "../journal/list-run.ts";
import type { SegmentEntry } from "../journal/segment.ts";
import { type JournalVisitor, readWriter } from "../journal/journal-reader.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { compareWriters, type WriterFold, writerOrder } from "../journal/writer-fold.ts";
import { SeriesBuilder } from "./series.ts";

/** The points in one writer's journal that are not compacted. */
export interface WriterPoints {
  readonly writer: string;
  readonly order: number;
  readonly columns: ReadonlyMap<string, SeriesBuilder>;
  /** Damage that may have lost points. */
  readonly lost: Damage | undefined;
}

/**
 * Reads the points in the journals of a run. Returns all writers in their order, also those whose points are all
 * compacted.
 */
export async function readJournalSeries(
  backend: Backend,
  created: RunCreated,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
  listing: Pick<RunListing, "ends" | "newestDocument">,
  compacted: readonly WriterFold[],
  isWanted: (key: string) => boolean,
  options?: CallOptions,
): Promise<WriterPoints[]> {
  const known = new Map(compacted.map((fold) => [fold.writer, fold]));
  const found: WriterPoints[] = [];
  const read: { writer: string; order: number; next: number }[] = [];
  const seen = new Seen();
  for (const writer of new Set([...known.keys(), ...writers.keys()])) {
    const base = known.get(writer);
    for (const event of base?.events ?? []) seen.note(event);
    const visit = new SeriesVisit(isWanted, seen);
    const next = await readWriter(
      backend,
      created.id,
      writers.get(writer) ?? [],
      visit,
      options,
      base?.next,
      decodeEvent,
    );
    const { columns, lost, firstOrder } = visit;
    // The first event of a writer states its order. The compaction may have seen none.
    const isKnown = base && (base.order < Number.MAX_SAFE_INTEGER || !writers.has(writer));
    const order = isKnown ? base.order : writerOrder(writer, created, firstOrder);
    found.push({ writer, order, columns, lost });
    read.push({ writer, order, next });
  }
  return withLost(found, lostSince(created.id, seen, read, listing)).sort(compareWriters);
}

/** Adds lost records to their writers. */
function withLost(found: readonly WriterPoints[], lost: readonly LostRecords[]): WriterPoints[] {
  const known = found.map((each) => ({
    ...each,
    lost: each.lost ?? lost.find(({ writer }) => writer === each.writer),
  }));
  const others = lost.filter(({ writer }) => !found.some((each) => each.writer === writer));
  const none = { order: Number.MAX_SAFE_INTEGER, columns: new Map() };
  return [...known, ...others.map((each) => ({ writer: each.writer ?? "", ...none, lost: each }))];
}

class SeriesVisit implements JournalVisitor {
  readonly columns = new Map<string, SeriesBuilder>();
  lost: Damage | undefined;
  readonly #seen: Seen;
  readonly #isWanted: (key: string) => boolean;
  readonly #columnsOfShape = new WeakMap<readonly string[], (SeriesBuilder | undefined)[]>();
  #sessionOrder: number | undefined;
  #firstOrder: number | undefined;

  constructor(isWanted: (key: string) => boolean, seen: Seen) {
    this.#isWanted = isWanted;
    this.#seen = seen;
  }

  /** The order of the writer's session among the run's events, or of its first event if there is no session. */
  get firstOrder(): number | undefined {
    return this.#sessionOrder ?? this.#firstOrder;
  }

  row(_n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void {
    let columns = this.#columnsOfShape.get(keys);
    if (columns === undefined) {
      columns = keys.map((key) => this.#column(key));
      this.#columnsOfShape.set(keys, columns);
    }
    for (let i = 0; i < columns.length; i++) columns[i]?.push(step, time, values[i] as number);
  }

  event(_n: number, event: RunEvent): void {
    this.#seen.note(event);
    if (event.kind === "session") this.#sessionOrder ??= event.order;
    else if (event.kind !== "beat") this.#firstOrder ??= event.order;
  }

  damage(damage: Damage): void {
    if (losesRecords(damage)) this.lost ??= damage;
  }

  #column(key: string): SeriesBuilder | undefined {
    if (!this.#isWanted(key)) return undefined;
    let column = this.columns.get(key);
    if (column === undefined) {
      column = new SeriesBuilder();
      this.columns.set(key, column);
    }
    return column;
  }
}
