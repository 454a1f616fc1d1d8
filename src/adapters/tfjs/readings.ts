/** How many batches may have values that are still read. */
const MAX_WAITING = 8;

/** Work that goes on beside the training, one after the other. */
export class Readings {
  readonly #waiting: Promise<void>[] = [];

  /** Does the work after what was added before. Resolves once few others wait. `work` must not reject. */
  async add(work: () => Promise<unknown>): Promise<void> {
    const done = (this.#waiting.at(-1) ?? Promise.resolve()).then(async () => {
      await work();
      void this.#waiting.shift();
    });
    this.#waiting.push(done);
    if (this.#waiting.length > MAX_WAITING) await this.#waiting[0];
  }

  /** Resolves once all work is done. */
  async settled(): Promise<void> {
    await this.#waiting.at(-1);
  }
}
