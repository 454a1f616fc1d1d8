/** First wait after something happened, and the longest, in ms. */
const FIRST_MS = 250;
const LONGEST_MS = 10_000;
/** How much longer the waits are where the backend was seen to tell of changes: hints may still be missing. */
const HINTED = 4;
/** Hints in a row that led to nothing, beyond which the next one has to wait for its turn. */
const EMPTY_HINTS = 8;

/** How long to wait, in ms, after so many looks in a row that found nothing, or failed. */
export function pollDelay(inVain: number, hinted = false): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(inVain, 10)) * (hinted ? HINTED : 1);
}

/** What one look at a run came to. */
export interface Look {
  /** A hint was the reason for it, rather than the time. */
  readonly byHint: boolean;
  /** There was a hint, before it or meanwhile. */
  readonly hinted: boolean;
  /** Something had been written. */
  readonly grew: boolean;
  /** There is something to tell, or to look at again soon. */
  readonly news: boolean;
}

/** When to look next, as it follows from the looks so far. */
export class PollPolicy {
  #inVain = 0;
  #emptyHints = 0;
  #proven = false;

  looked({ byHint, hinted, grew, news }: Look): void {
    this.#inVain = news ? 0 : this.#inVain + 1;
    // A backend that misses changes, as one on a network filesystem does, is not relied on.
    if (news) this.#proven = hinted;
    if (grew || !byHint) this.#emptyHints = 0;
    else this.#emptyHints++;
  }

  /** Wait until the next look, in ms. `active`: the backend goes on giving hints. */
  delay(active: boolean): number {
    return pollDelay(this.#inVain, active && this.#proven);
  }

  /** Whether a hint is reason enough to look at once. */
  get hearsHints(): boolean {
    return this.#emptyHints < EMPTY_HINTS;
  }
}
