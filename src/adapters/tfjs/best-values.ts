/** Whether a smaller or a greater value is better. */
export type Mode = "min" | "max";

/** An epoch among the best. */
export interface BestEntry {
  readonly value: number;
  readonly epoch: number;
  /** The version of the artifact that holds it, once it is stored. */
  version?: string;
}

/** Returns what a metric is better with, as TF.js guesses it: accuracies are to grow, everything else is to shrink. */
export function guessMode(metric: string): Mode {
  return metric.includes("acc") ? "max" : "min";
}

/** Returns whether `value` is better than `than`. NaN is never better, and everything is better than NaN. */
export function isBetter(mode: Mode, value: number, than: number): boolean {
  if (Number.isNaN(than)) return !Number.isNaN(value);
  return mode === "min" ? value < than : value > than;
}

/** The best values so far, the best one first. Of equal values the earlier one comes first. */
export class BestValues {
  readonly entries: BestEntry[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a value and returns its entry, or returns `undefined` if it is not among the best. */
  add(mode: Mode, value: number, epoch: number): BestEntry | undefined {
    if (!Number.isFinite(value)) return undefined;
    const found = this.entries.findIndex((entry) => isBetter(mode, value, entry.value));
    const place = found < 0 ? this.entries.length : found;
    if (place >= this.#most) return undefined;
    const entry: BestEntry = { value, epoch };
    this.entries.splice(place, 0, entry);
    this.entries.length = Math.min(this.entries.length, this.#most);
    return entry;
  }

  /** Removes an entry that could not be stored. */
  remove(entry: BestEntry): void {
    const place = this.entries.indexOf(entry);
    if (place >= 0) this.entries.splice(place, 1);
  }
}

/** Returns the alias of a place among the best: `best`, `best-2`, … */
export function bestAlias(place: number): string {
  return place === 0 ? "best" : `best-${place + 1}`;
}
