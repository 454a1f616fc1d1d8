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
  #working: Promise<void> | undefined;

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

  /** Resolves once nothing waits. */
  async settle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await next.store();
    this.#working = undefined;
  }
}
