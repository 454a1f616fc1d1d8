/** One value of a metric. */
export interface Point {
  /** The value: any float64, NaN and infinities included. */
  readonly value: number;
  /** The step, a safe integer. */
  readonly step: number;
  /** When it was logged, in ms since the epoch. */
  readonly time: number;
}

/**
 * A metric in brief.
 *
 * A NaN counts and makes `mean` NaN. It is never `min`, `max` or `best`: all three are absent if every value is NaN. Of
 * equal extremes the first one counts; -0 equals 0.
 */
export interface MetricSummary {
  /**
   * The last point of the history: the one with the greatest step. Of several points at that step, the one that was
   * logged last; if several writers logged it, the one of the writer that joined last.
   */
  readonly last: Point;
  /** The point with the smallest value. */
  readonly min?: Point;
  /** The point with the greatest value. */
  readonly max?: Point;
  /** The best point, by the goal of the metric. Absent without a goal. */
  readonly best?: Point;
  /** The mean of all values. */
  readonly mean: number;
  /** The number of points. */
  readonly count: number;
}

/** The state of a metric in {@link Summaries}. It can be stored and merged. */
export interface SummaryState {
  readonly count: number;
  /**
   * The sum and its rounding error (Neumaier): together they are the sum with nearly twice the precision. Both are
   * divided by 2^64 if `min` or `max` {@link isLarge}, so that no sum of finite values overflows.
   */
  readonly sum: number;
  readonly rest: number;
  readonly last: Point;
  readonly min?: Point;
  readonly max?: Point;
}

/** The bound of large values: a sum of fewer than 2^53 smaller values does not overflow. */
const LARGE = 2 ** 960;
const DIVISOR = 2 ** 64;

/** Returns whether sums of a metric with these extremes are divided. */
export const isLarge = (min: number, max: number): boolean => min <= -LARGE || max >= LARGE;

const STRIDE = 12;
const [COUNT, SUM, REST, LAST, LAST_STEP, LAST_TIME, MIN, MIN_STEP, MIN_TIME, MAX, MAX_STEP, MAX_TIME] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
] as const;

/** Summaries of the metrics of one writer, updated with each value. The caller numbers the metrics. */
export class Summaries {
  #cells = new Float64Array(STRIDE * 16);
  /** Whether any metric may have large values. While none has, `add` does not look at the extremes for that. */
  #hasLarge = false;

  /** Adds a row: `values[i]` belongs to metric `ids[i]`. */
  add(ids: readonly number[], values: Float64Array, step: number, time: number): void {
    let hasLarge = this.#hasLarge;
    for (let i = 0; i < ids.length; i++) {
      const at = (ids[i] as number) * STRIDE;
      if (at >= this.#cells.length) this.#grow(at + STRIDE);
      const cells = this.#cells;
      const value = values[i] as number;
      const count = cells[at + COUNT] as number;
      const sum = cells[at + SUM] as number;
      if (value >= LARGE || value <= -LARGE) this.#hasLarge = hasLarge = true;
      if (hasLarge && (isLarge(value, value) || isLarge(cells[at + MIN] as number, cells[at + MAX] as number)))
        addLarge(cells, at, value, count);
      else if (count === 0) cells[at + SUM] = value;
      else {
        const total = sum + value;
        cells[at + REST]! += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
        cells[at + SUM] = total;
      }
      cells[at + COUNT] = count + 1;
      if (count === 0 || step >= (cells[at + LAST_STEP] as number)) {
        cells[at + LAST] = value;
        cells[at + LAST_STEP] = step;
        cells[at + LAST_TIME] = time;
      }
      // NaN stands for "none yet". Every comparison with NaN is false, so the first number replaces it.
      if (count === 0) {
        cells[at + MIN] = Number.NaN;
        cells[at + MAX] = Number.NaN;
      }
      if (!(value >= (cells[at + MIN] as number)) && value === value) {
        cells[at + MIN] = value;
        cells[at + MIN_STEP] = step;
        cells[at + MIN_TIME] = time;
      }
      if (!(value <= (cells[at + MAX] as number)) && value === value) {
        cells[at + MAX] = value;
        cells[at + MAX_STEP] = step;
        cells[at + MAX_TIME] = time;
      }
    }
  }

  /** Sets the state of a metric to one that {@link get} returned. */
  set(id: number, { count, sum, rest, last, min, max }: SummaryState): void {
    const at = id * STRIDE;
    if (at >= this.#cells.length) this.#grow(at + STRIDE);
    const none = { value: Number.NaN, step: 0, time: 0 };
    const points = [last, min ?? none, max ?? none].flatMap(({ value, step, time }) => [value, step, time]);
    this.#cells.set([count, sum, rest, ...points], at);
    this.#hasLarge ||= min !== undefined && max !== undefined && isLarge(min.value, max.value);
  }

  /** Returns the state of a metric, or `undefined` if it has no values. */
  get(id: number): SummaryState | undefined {
    const at = id * STRIDE;
    const cells = this.#cells;
    if (at >= cells.length || cells[at + COUNT] === 0) return undefined;
    const point = (offset: number): Point => ({
      value: cells[at + offset] as number,
      step: cells[at + offset + 1] as number,
      time: cells[at + offset + 2] as number,
    });
    const hasExtremes = !Number.isNaN(cells[at + MIN]);
    return {
      count: cells[at + COUNT] as number,
      sum: cells[at + SUM] as number,
      rest: cells[at + REST] as number,
      last: point(LAST),
      ...(hasExtremes && { min: point(MIN), max: point(MAX) }),
    };
  }

  #grow(length: number): void {
    const grown = new Float64Array(Math.max(length, this.#cells.length * 2));
    grown.set(this.#cells);
    this.#cells = grown;
  }
}

/** Adds a value to a sum that is divided, or must be from now on. */
function addLarge(cells: Float64Array, at: number, value: number, count: number): void {
  const wasDivided = count > 0 && isLarge(cells[at + MIN] as number, cells[at + MAX] as number);
  const divisor = wasDivided ? 1 : DIVISOR;
  const { sum, rest } = addExactly((cells[at + SUM] as number) / divisor, value / DIVISOR);
  cells[at + SUM] = sum;
  cells[at + REST] = (cells[at + REST] as number) / divisor + rest;
}

/** Merges two states of one metric. At equal steps, the `last` of `later` counts. */
export function mergeSummaries(earlier: SummaryState, later: SummaryState): SummaryState {
  const min = pick(earlier.min, later.min, (a, b) => b < a);
  const max = pick(earlier.max, later.max, (a, b) => b > a);
  const isDivided = isDividedState({ min, max });
  const [a, b] = [earlier, later].map((state) => (isDivided && !isDividedState(state) ? DIVISOR : 1)) as [
    number,
    number,
  ];
  const { sum, rest } = addExactly(earlier.sum / a, later.sum / b);
  return {
    count: earlier.count + later.count,
    sum,
    rest: earlier.rest / a + later.rest / b + rest,
    last: later.last.step >= earlier.last.step ? later.last : earlier.last,
    ...(min && { min }),
    ...(max && { max }),
  };
}

/** Returns the sum of two numbers, and its rounding error. */
function addExactly(a: number, b: number): { readonly sum: number; readonly rest: number } {
  const sum = a + b;
  return { sum, rest: Math.abs(a) >= Math.abs(b) ? a - sum + b : b - sum + a };
}

const isDividedState = ({
  min,
  max,
}: {
  readonly min?: Point | undefined;
  readonly max?: Point | undefined;
}): boolean => min !== undefined && max !== undefined && isLarge(min.value, max.value);

function pick(
  a: Point | undefined,
  b: Point | undefined,
  isBetter: (a: number, b: number) => boolean,
): Point | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return isBetter(a.value, b.value) ? b : a;
}

/** Returns the summary of a state. */
export function toMetricSummary(state: SummaryState, goal?: "minimize" | "maximize"): MetricSummary {
  const { count, sum, rest, last, min, max } = state;
  const best = goal === "minimize" ? min : goal === "maximize" ? max : undefined;
  return {
    last,
    ...(min && { min }),
    ...(max && { max }),
    ...(best && { best }),
    // If the sum is infinite or NaN, the rest is NaN, and is ignored.
    mean:
      (Number.isFinite(sum) && rest !== 0 ? (sum + rest) / count : sum / count) * (isDividedState(state) ? DIVISOR : 1),
    count,
  };
}
