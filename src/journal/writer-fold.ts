import { type Damage, DamageList } from "./damage.ts";
import type { MediaRecord, RunEvent } from "./event.ts";
import type { JsonSize } from "./json-size.ts";
import { LiveEvents } from "./live-events.ts";
import { MediaFold, type MediaState } from "./media-fold.ts";
import type { JournalVisitor } from "./journal-reader.ts";
import type { RunCreated } from "./run-created.ts";
import { inOneGo } from "../platform/event-loop.ts";
import { isSystemMetric } from "./metric-field.ts";
import { Summaries, type SummaryState } from "./metric-summary.ts";

/** The fold of one writer. The record of a run is made from the folds of its writers. */
export interface WriterFold {
  readonly writer: string;
  /** The place of its session among the events of the run. Writers are in this order. */
  readonly order: number;
  /** How many fences the run had when its session began. */
  readonly fence: number;
  /** The number after its last record. */
  readonly next: number;
  /** The place of its latest event, 0 if it has none. */
  readonly lastOrder: number;
  /**
   * Its events that still count, in its order; see {@link LiveEvents}. Without beats and rich values.
   */
  readonly events: readonly RunEvent[];
  /** How many events later ones replaced, as a whole or in part. */
  readonly superseded: number;
  /** Summaries of its rich values, by key. */
  readonly media: ReadonlyMap<string, MediaState>;
  /** Its rich values, in the order in which they were recorded. Absent if there are too many. */
  readonly mediaList?: readonly MediaRecord[];
  readonly summaries: ReadonlyMap<string, SummaryState>;
  /** The greatest step of its rows, and of its rich values if {@link countsAsStep}. */
  readonly lastStep?: number;
  /** The step of its first row with a metric other than those of the system. See `cutsOf`. */
  readonly firstStep?: number;
  /** The wall time of its last record, in ms. */
  readonly lastTime?: number;
  /** It promised to record something at least this often, in ms. */
  readonly beatMs?: number;
  /** See `Liveness`. */
  readonly alive?: string;
  readonly damage: readonly Damage[];
  /** How many bytes of each segment were read. Not stored. */
  readonly read?: ReadonlyMap<number, number>;
}

/**
 * Returns whether a rich value at this step raises the greatest step of the run, after which later rows continue. A
 * rich value without a step is at 0 if nothing was logged before it, and must not take that step from the first row.
 */
export function countsAsStep(step: number): boolean {
  return step > 0;
}

/** How many summaries are made between two yields. */
const PIECE = 1024;

/** Makes a {@link WriterFold} from the records of a writer, while they are written or when they are read. */
export class WriterFolder implements JournalVisitor {
  readonly #events = new LiveEvents();
  readonly #media: MediaFold;
  readonly #damage: DamageList;
  readonly #summaries = new Summaries();
  readonly #ids = new Map<string, number>();
  readonly #read = new Map<number, number>();
  readonly #base: WriterFold | undefined;
  readonly #idsOfShape = new WeakMap<readonly string[], number[]>();
  #lastKeys: readonly string[] | undefined;
  #lastIds: readonly number[] = [];
  #lastStep = Number.NEGATIVE_INFINITY;
  /** NaN before the first row that counts. */
  #firstStep: number = Number.NaN;
  /** NaN before the first record. A field that may be `undefined` would cost an allocation for each row. */
  #lastTime: number = Number.NaN;
  /** As it was compacted, unless the compaction has seen no event. */
  readonly #knownOrder: number | undefined;
  /** Of its first session, and of its first event, among the records that were read. */
  #sessionOrder: number | undefined;
  #firstOrder: number | undefined;
  #lastOrder = 0;

  /** `base`: the fold of the earlier records. `allMedia`: keeps all rich values. */
  constructor(base?: WriterFold, { allMedia = false }: { readonly allMedia?: boolean } = {}) {
    this.#media = new MediaFold(allMedia);
    this.#base = base;
    this.#knownOrder = base && base.order < Number.MAX_SAFE_INTEGER ? base.order : undefined;
    this.#damage = new DamageList(base?.damage);
    if (base === undefined) return;
    for (const event of base.events) this.#events.add(event);
    this.#media.begin(base.media, base.mediaList);
    this.#lastOrder = base.lastOrder;
    for (const [key, state] of base.summaries) this.#summaries.set(this.#id(key), state);
    this.#lastStep = base.lastStep ?? this.#lastStep;
    this.#firstStep = base.firstStep ?? this.#firstStep;
    this.#lastTime = base.lastTime ?? this.#lastTime;
  }

  row(_n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void {
    if (keys !== this.#lastKeys) {
      this.#lastKeys = keys;
      this.#lastIds = this.#idsOf(keys);
    }
    this.#summaries.add(this.#lastIds, values, step, time);
    if (step > this.#lastStep) this.#lastStep = step;
    if (Number.isNaN(this.#firstStep) && !keys.every(isSystemMetric)) this.#firstStep = step;
    this.#lastTime = time;
  }

  event(_n: number, event: RunEvent): void {
    this.#lastTime = event.time;
    if (event.order > this.#lastOrder) this.#lastOrder = event.order;
    if (event.kind === "beat") return;
    this.#firstOrder ??= event.order;
    if (event.kind === "session") this.#sessionOrder ??= event.order;
    if (event.kind === "media") {
      this.#media.add(event);
      if (countsAsStep(event.step) && event.step > this.#lastStep) this.#lastStep = event.step;
    } else this.#events.add(event);
  }

  /** Returns the approximate size of the events that count, with one more. */
  sizeWith(event: RunEvent): JsonSize {
    return this.#events.sizeWith(event);
  }

  /** The approximate size of the events that count. */
  get size(): JsonSize {
    return this.#events.size;
  }

  damage(damage: Damage): void {
    this.#damage.add(damage);
  }

  end(seq: number, end: number): void {
    this.#read.set(seq, end);
  }

  /** Returns the fold of the records so far. `created` describes the session that began the run. */
  fold(writer: string, next: number, created: RunCreated): WriterFold {
    return inOneGo(this.foldInPieces(writer, next, created));
  }

  /** Returns what {@link fold} returns. Yields where it may be interrupted, if no rows are added meanwhile. */
  *foldInPieces(writer: string, next: number, created: RunCreated): Generator<void, WriterFold, void> {
    const events = this.#events.list();
    const session = events.find((event) => event.kind === "session");
    const began = created.writer.id === writer ? created.writer : undefined;
    const beatMs = session?.beatMs ?? began?.beatMs ?? this.#base?.beatMs;
    const alive = session?.alive ?? began?.alive ?? this.#base?.alive;
    const fold = {
      writer,
      order: this.#knownOrder ?? writerOrder(writer, created, this.#sessionOrder ?? this.#firstOrder),
      fence: this.#base?.fence ?? session?.fence ?? 0,
      next,
      lastOrder: this.#lastOrder,
      events,
      superseded: this.#events.superseded + (this.#base?.superseded ?? 0),
      media: new Map(this.#media.states),
      ...(this.#media.list && { mediaList: [...this.#media.list] }),
      ...(Number.isFinite(this.#lastStep) && { lastStep: this.#lastStep }),
      ...(!Number.isNaN(this.#firstStep) && { firstStep: this.#firstStep }),
      ...(!Number.isNaN(this.#lastTime) && { lastTime: this.#lastTime }),
      ...(beatMs !== undefined && { beatMs }),
      ...(alive !== undefined && { alive }),
      damage: this.#damage.list(),
      ...(this.#read.size > 0 && { read: new Map(this.#read) }),
    };
    const summaries = new Map<string, SummaryState>();
    for (const [key, id] of this.#ids) {
      const state = this.#summaries.get(id);
      if (state) summaries.set(key, state);
      if (id % PIECE === PIECE - 1) yield;
    }
    return { ...fold, summaries };
  }

  #idsOf(keys: readonly string[]): readonly number[] {
    let ids = this.#idsOfShape.get(keys);
    if (ids === undefined) {
      ids = keys.map((key) => this.#id(key));
      this.#idsOfShape.set(keys, ids);
    }
    return ids;
  }

  #id(key: string): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(key, id);
    }
    return id;
  }
}

/**
 * Returns the place of a writer in its run. The writer that began the run is first; the others follow as their sessions
 * began.
 */
export function writerOrder(writer: string, created: RunCreated, firstEventOrder: number | undefined): number {
  return created.writer.id === writer ? 0 : (firstEventOrder ?? Number.MAX_SAFE_INTEGER);
}

/** Compares writers by the beginning of their sessions. This is the order of their points at equal steps. */
export function compareWriters(a: { writer: string; order: number }, b: { writer: string; order: number }): number {
  return a.order - b.order || (a.writer < b.writer ? -1 : 1);
}

/** Returns the place of the latest event of all writers, 0 if there is none. */
export function highestOrder(folds: readonly WriterFold[]): number {
  return folds.reduce((highest, { lastOrder }) => Math.max(highest, lastOrder), 0);
}

/** Returns the greatest step of all writers, after which a new session continues, or `undefined` if there is none. */
export function greatestStep(folds: readonly WriterFold[]): number | undefined {
  let greatest: number | undefined;
  for (const { lastStep } of folds)
    if (lastStep !== undefined && (greatest === undefined || lastStep > greatest)) greatest = lastStep;
  return greatest;
}
