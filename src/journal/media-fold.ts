import type { MediaKind } from "./media-entry.ts";
import type { MediaRecord } from "./event.ts";

/** The rich values of one key of one writer in brief. */
export interface MediaState {
  readonly count: number;
  /** The latest in the order of logging. `n`: its place in it. */
  readonly n: number;
  readonly type: MediaKind;
  readonly step: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly size: number;
  readonly mediaType: string;
}

/** A writer with at most so many rich values keeps them in its fold. A longer list stands in an object of its own. */
export const MAX_LISTED_MEDIA = 200;

/**
 * The rich values of one writer: of each key in brief, and the values themselves as long as they are few or all are
 * wanted.
 */
export class MediaFold {
  readonly #states = new Map<string, MediaState>();
  readonly #keepAll: boolean;
  #list: MediaRecord[] | undefined = [];
  #count = 0;

  /** `keepAll`: whatever their number, the values are kept. */
  constructor(keepAll: boolean) {
    this.#keepAll = keepAll;
  }

  get states(): ReadonlyMap<string, MediaState> {
    return this.#states;
  }

  /** In the order in which they were recorded. `undefined`: there are too many. */
  get list(): readonly MediaRecord[] | undefined {
    return this.#list;
  }

  /** Begins with what is known of the records before. Of those without a list only what comes now is kept. */
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
    // Contents are recorded as they are stored, in any order.
    if (before && before.n > n) this.#states.set(key, { ...before, count });
    else this.#states.set(key, { count, n, type, step, at, size, mediaType });
    if (this.#count > MAX_LISTED_MEDIA && !this.#keepAll) this.#list = undefined;
    this.#list?.push(event);
  }
}
