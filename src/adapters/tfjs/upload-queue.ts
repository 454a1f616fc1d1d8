import { endsWithin } from "./ends-within.ts";

/** How many models may wait in memory until they are stored. */
const MAX_WAITING = 3;

/** Something to store. */
export interface Upload {
  /** Whether it is among the best, so that others make room first. */
  readonly isBest: boolean;
  /** Stores it. Never rejects. */
  store(): Promise<void>;
  /** Called instead if it has to make room. */
  drop(): void;
}

/** Stores one model after the other, while the training goes on. */
export class UploadQueue {
  readonly #waiting: Upload[] = [];
  #current: Promise<void> | undefined;
  #working: Promise<void> | undefined;
  /** Whether {@link settle} has waited in vain, and no model was stored since. */
  #isStuck = false;

  /** Adds an upload. If too many wait, the oldest that is not among the best makes room, or else the oldest. */
  add(upload: Upload): void {
    this.#waiting.push(upload);
    if (this.#waiting.length > MAX_WAITING) {
      const found = this.#waiting.findIndex((each) => !each.isBest && each !== upload);
      const [dropped] = this.#waiting.splice(Math.max(found, 0), 1);
      dropped?.drop();
    }
    this.#working ??= this.#work();
  }

  /**
   * Resolves with `true` once nothing waits, or with `false` after `ms` milliseconds. After that it resolves with `true`
   * at once, until a model has been stored: a storage that hangs holds a training up only once.
   */
  async settle(ms: number): Promise<boolean> {
    if (this.#working === undefined || this.#isStuck) return true;
    if (await endsWithin(ms, this.#working)) return true;
    this.#isStuck = true;
    return false;
  }

  /**
   * Resolves with `true` once nothing waits. If one model takes longer than `ms` milliseconds, begins to store all others
   * and resolves with `false`: then the end of the run waits for them.
   */
  async settleAll(ms: number): Promise<boolean> {
    while (this.#current) {
      if (await endsWithin(ms, this.#current)) continue;
      for (const upload of this.#waiting.splice(0)) void upload.store();
      return false;
    }
    await this.#working;
    return true;
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#current = next.store();
      await this.#current;
      this.#isStuck = false;
    }
    this.#current = undefined;
    this.#working = undefined;
  }
}
