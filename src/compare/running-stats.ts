/** The most values of a group for which a median is computed. */
export const MEDIAN_LIMIT = 10_000;

/**
 * Statistics of the numbers of a group, without NaN. Without numbers, `count` is 0 and all other members are absent.
 */
export interface GroupStats {
  /** The number of runs that have the metric. */
  readonly count: number;
  /** The mean of the runs' values. */
  readonly mean?: number;
  /** The standard deviation of the sample, with n - 1. Absent for a single value; NaN if a value is infinite. */
  readonly std?: number;
  /** The smallest value. */
  readonly min?: number;
  /** The greatest value. */
  readonly max?: number;
  /** The median. Absent beyond 10,000 values, because they are not kept. */
  readonly median?: number;
}

interface Extreme {
  readonly value: number;
  readonly run: string;
}

/**
 * Values are divided by a power of two before they are added, so that no square overflows or becomes 0. The exponent is
 * a multiple of this number.
 */
const BAND = 256;
/** The lowest exponent. Even the least numbers, divided by this power, have squares that are not 0. */
const LOWEST_BAND = -768;
/** The highest exponent. The logarithm of the greatest number is rounded to 1024, but 2^1024 is not a number. */
const HIGHEST_BAND = 768;

/**
 * Computes statistics value by value (Neumaier's sum, Welford's squares), with the run of each extreme. If several runs
 * have it, the one with the highest id.
 */
export class RunningStats {
  #count = 0;
  /** All sums below are of values divided by two to the power of this. */
  #band = LOWEST_BAND;
  #sum = 0;
  /** The rounding error of the sum. */
  #rest = 0;
  #mean = 0;
  #squares = 0;
  /** The sum of the infinities. 0 without any. */
  #infinite = 0;
  #values: number[] | undefined = [];
  min: Extreme | undefined;
  max: Extreme | undefined;

  add(value: number, run: string): void {
    if (Number.isNaN(value)) return;
    this.#count++;
    if (displaces(this.min, value, run, -1)) this.min = { value, run };
    if (displaces(this.max, value, run, 1)) this.max = { value, run };
    if (this.#count > MEDIAN_LIMIT) this.#values = undefined;
    this.#values?.push(value);
    if (Number.isFinite(value)) this.#addScaled(this.#scale(value));
    else this.#infinite += value;
  }

  #addScaled(value: number): void {
    const total = this.#sum + value;
    this.#rest += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - total + value : value - total + this.#sum;
    this.#sum = total;
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (value - this.#mean);
  }

  /** Returns the value divided like all others. A large value changes the divisor, and with it the sums so far. */
  #scale(value: number): number {
    const band = Math.min(HIGHEST_BAND, Math.floor(Math.log2(Math.abs(value)) / BAND) * BAND);
    if (band > this.#band) {
      const change = 2 ** (this.#band - band);
      this.#sum *= change;
      this.#rest *= change;
      this.#mean *= change;
      this.#squares *= change * change;
      this.#band = band;
    }
    return value * 2 ** -this.#band;
  }

  /** Returns the mean. Rounding never moves it outside of the values. */
  #finiteMean(min: number, max: number): number {
    const mean = ((this.#sum + this.#rest) / this.#count) * 2 ** this.#band;
    return Math.min(max, Math.max(min, mean));
  }

  stats(): GroupStats {
    const count = this.#count;
    if (this.min === undefined || this.max === undefined) return { count };
    const isFinite = this.#infinite === 0;
    const median = this.#values && medianOf(this.#values);
    return {
      count,
      mean: isFinite ? this.#finiteMean(this.min.value, this.max.value) : this.#infinite,
      ...(count > 1 && { std: isFinite ? Math.sqrt(this.#squares / (count - 1)) * 2 ** this.#band : Number.NaN }),
      min: this.min.value,
      max: this.max.value,
      ...(median !== undefined && { median }),
    };
  }
}

/** Returns whether a value replaces the extreme so far. `sign` is 1 for the greatest, -1 for the least. */
function displaces(extreme: Extreme | undefined, value: number, run: string, sign: 1 | -1): boolean {
  if (extreme === undefined) return true;
  return value === extreme.value ? run > extreme.run : sign * value > sign * extreme.value;
}

function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  if (sorted.length % 2 === 1) return upper;
  const lower = sorted[half - 1] as number;
  // Not (a + b) / 2, which overflows.
  return lower === upper ? upper : lower / 2 + upper / 2;
}
