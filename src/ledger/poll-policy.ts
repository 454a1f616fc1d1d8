/** The first wait after something happened, in ms. */
const FIRST_MS = 250;
/** The longest wait, in ms. */
const LONGEST_MS = 10_000;
/** How much longer the waits are if the backend has reported changes. They do not end, because hints may be missing. */
const HINTED = 4;
/** After this many hints in a row that led to nothing, a hint no longer shortens a wait. */
const EMPTY_HINTS = 8;

/** Returns how long to wait, in ms, after `inVain` looks in a row that found nothing, or failed. */
export function pollDelay(inVain: number, hinted = false): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(inVain, 10)) * (hinted ? HINTED : 1);
}

/** The result of one look at a run. */
export interface Look {
  /** Whether a hint caused the look, not the time. */
  readonly byHint: boolean;
  /** Whether a hint came before the look, or during it. */
  readonly hinted: boolean;
  /** Whether a writer had written something. */
  readonly grew: boolean;
  /** Whether there is an update, or a reason to look again soon. */
  readonly news: boolean;
}

/** Decides when to look next, from the looks so far. */
export class PollPolicy {
  #inVain = 0;
  #emptyHints = 0;
  #proven = false;

  looked({ byHint, hinted, grew, news }: Look): void {
    this.#inVain = news ? 0 : this.#inVain + 1;
    // A backend that misses changes, as on a network filesystem, is not trusted.
    if (news) this.#proven = hinted;
    if (grew || !byHint) this.#emptyHints = 0;
    else this.#emptyHints++;
  }

  /** Returns the wait until the next look, in ms. `active`: the backend may give more hints. */
  delay(active: boolean): number {
    return pollDelay(this.#inVain, active && this.#proven);
  }

  /** Whether to look at once when a hint comes. */
  get hearsHints(): boolean {
    return this.#emptyHints < EMPTY_HINTS;
  }
}
