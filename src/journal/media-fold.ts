import type { MediaKind } from "./media-entry.ts";
import type { MediaRecord } from "./event.ts";

/** A summary of the rich values of one key of one writer. */
export interface MediaState {
  readonly count: number;
  /** The place of the latest value in the order of logging. The members below describe that value. */
  readonly n: number;
  readonly type: MediaKind;
  readonly step: number;
  /** When it was logged, in ms since the epoch. */
  readonly at: number;
  readonly size: number;
  readonly mediaType: string;
}

/** The greatest number of rich values in the fold of a writer. A longer list is an object of its own. */
export const MAX_LISTED_MEDIA = 200;

/**
 * Folds the rich values of one writer: a summary for each key, and the values themselves if they are few or all are
 * wanted.
 */
export class MediaFold {
  readonly #states = new Map<string, MediaState>();
  readonly #keepAll: boolean;
  #list: MediaRecord[] | undefined = [];
  #count = 0;

  /** `keepAll`: keeps all values, whatever their number. */
  constructor(keepAll: boolean) {
    this.#keepAll = keepAll;
  }

  get states(): ReadonlyMap<string, MediaState> {
    return this.#states;
  }

  /** The values in the order in which they were recorded. `undefined`: there are too many. */
  get list(): readonly MediaRecord[] | undefined {
    return this.#list;
  }

  /** Begins with the fold of earlier records. Without their list, `keepAll` keeps only later values. */
  begin(states: ReadonlyMap<string, MediaState>, list: readonly MediaRecord[] | undefined): void {
    for (const [key, state] of states) {
      this.#states.set(key, state);
      this.#count += state.count;
    }
    this.#list = list ? [...list] : this.#keepAll ? [] : undefined;
  }

  add(event: MediaRecord): void {
    this.#count++;
    const { key, type, n, step, at, size, mediaType } = event;
    const before = this.#states.get(key);
    const count = (before?.count ?? 0) + 1;
    // The writer records contents as they are stored, in any order.
    if (before && before.n > n) this.#states.set(key, { ...before, count });
    else this.#states.set(key, { count, n, type, step, at, size, mediaType });
    if (this.#count > MAX_LISTED_MEDIA && !this.#keepAll) this.#list = undefined;
    this.#list?.push(event);
  }
}
