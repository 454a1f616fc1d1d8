/** The most keys in one run of the set. A longer run is split in two. */
const RUN = 512;

/**
 * A set of strings in ascending code-unit order. Adding, removing and finding a string takes a search and changes
 * within one short run, however many strings there are.
 */
export class SortedKeys {
  #runs: string[][] = [];

  add(key: string): void {
    const run = this.#runs[this.#runIndex(key)];
    if (run === undefined) {
      this.#runs.push([key]);
      return;
    }
    const at = firstAtOrAfter(run, key);
    if (run[at] === key) return;
    run.splice(at, 0, key);
    if (run.length > RUN) this.#runs.splice(this.#runs.indexOf(run) + 1, 0, run.splice(RUN / 2));
  }

  delete(key: string): void {
    const index = this.#runIndex(key);
    const run = this.#runs[index];
    if (run === undefined) return;
    const at = firstAtOrAfter(run, key);
    if (run[at] !== key) return;
    run.splice(at, 1);
    if (run.length === 0) this.#runs.splice(index, 1);
  }

  clear(): void {
    this.#runs = [];
  }

  /**
   * Returns up to about `RUN` successive keys, beginning with the first one at or after `from`. Returns none if there
   * is no such key.
   */
  from(from: string): string[] {
    const index = this.#runIndex(from);
    const run = this.#runs[index] ?? [];
    const at = firstAtOrAfter(run, from);
    return at < run.length ? run.slice(at) : (this.#runs[index + 1] ?? []).slice();
  }

  /** Returns the index of the last run that begins at or before the key, or that of the first run. */
  #runIndex(key: string): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((this.#runs[middle] as string[])[0] as string) <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function firstAtOrAfter(run: readonly string[], key: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((run[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
