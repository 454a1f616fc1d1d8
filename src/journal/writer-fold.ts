import type { Damage } from "./damage.ts";
import type { RunEvent } from "./event.ts";
import type { JournalVisitor } from "./reader.ts";
import type { RunCreated } from "./run-created.ts";
import { Summaries, type SummaryState } from "./summary.ts";

/** Everything of one writer that the record of a run is folded from. */
export interface WriterFold {
  readonly writer: string;
  /** Place of its session among the run's events: writers are in this order. */
  readonly order: number;
  /** Number behind its last record. */
  readonly next: number;
  readonly events: readonly RunEvent[];
  readonly summaries: ReadonlyMap<string, SummaryState>;
  /** Highest step logged. */
  readonly lastStep?: number;
  /** Wall time of its last record, in ms. */
  readonly lastTime?: number;
  /** It promised to show progress at least this often, in ms. */
  readonly beatMs?: number;
  /** See `Liveness`. */
  readonly alive?: string;
  readonly damage: readonly Damage[];
}

/** Gathers a {@link WriterFold} from the records of a writer, as they are written or as they are read back. */
export class WriterFolder implements JournalVisitor {
  readonly #events: RunEvent[] = [];
  readonly #damage: Damage[] = [];
  readonly #summaries = new Summaries();
  readonly #ids = new Map<string, number>();
  readonly #idsOfShape = new WeakMap<readonly string[], number[]>();
  #lastKeys: readonly string[] | undefined;
  #lastIds: readonly number[] = [];
  #lastStep = Number.NEGATIVE_INFINITY;
  /** NaN before the first record: a field that may be `undefined` would cost an allocation a row. */
  #lastTime: number = Number.NaN;

  row(_n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void {
    if (keys !== this.#lastKeys) {
      this.#lastKeys = keys;
      this.#lastIds = this.#idsOf(keys);
    }
    this.#summaries.add(this.#lastIds, values, step, time);
    if (step > this.#lastStep) this.#lastStep = step;
    this.#lastTime = time;
  }

  event(_n: number, event: RunEvent): void {
    this.#lastTime = event.time;
    if (event.kind !== "beat") this.#events.push(event);
  }

  damage(damage: Damage): void {
    this.#damage.push(damage);
  }

  /** What was gathered so far. `created` tells of the session that began the run. */
  fold(writer: string, next: number, created: RunCreated): WriterFold {
    const session = this.#events.find((event) => event.kind === "session");
    const began = created.writer.id === writer ? created.writer : undefined;
    const beatMs = session?.beatMs ?? began?.beatMs;
    const alive = session?.alive ?? began?.alive;
    return {
      writer,
      order: writerOrder(writer, created, session?.order ?? this.#events[0]?.order),
      next,
      events: [...this.#events],
      summaries: new Map(
        [...this.#ids].flatMap(([key, id]) => {
          const state = this.#summaries.get(id);
          return state ? [[key, state] as const] : [];
        }),
      ),
      ...(Number.isFinite(this.#lastStep) && { lastStep: this.#lastStep }),
      ...(!Number.isNaN(this.#lastTime) && { lastTime: this.#lastTime }),
      ...(beatMs !== undefined && { beatMs }),
      ...(alive !== undefined && { alive }),
      damage: [...this.#damage],
    };
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

/** Place of a writer among those of its run: the one that began the run is first, others stand where their sessions began. */
export function writerOrder(writer: string, created: RunCreated, firstEventOrder: number | undefined): number {
  return created.writer.id === writer ? 0 : (firstEventOrder ?? Number.MAX_SAFE_INTEGER);
}

/** Writers in the order their sessions began: what a later one says, and its `last` values, come after. */
export function compareWriters(a: { writer: string; order: number }, b: { writer: string; order: number }): number {
  return a.order - b.order || (a.writer < b.writer ? -1 : 1);
}

/** Place of the latest event that any of the writers recorded, 0 without one. */
export function highestOrder(folds: readonly WriterFold[]): number {
  let highest = 0;
  for (const { events } of folds) for (const { order } of events) highest = Math.max(highest, order);
  return highest;
}
