import { type ReadPoints, joinPoints } from "../parquet/points.ts";
import { inOneGo } from "../platform/event-loop.ts";
import { isInStepOrderInPieces, stepOrderInPieces } from "./step-order.ts";

/** The history of a metric: parallel arrays in step order, ties in the order of logging. */
export interface Series {
  /** The step of each point. */
  readonly steps: Float64Array;
  /** The time of each point, in ms since the epoch. */
  readonly times: Float64Array;
  /** The value of each point. */
  readonly values: Float64Array;
  /** The values of the metric on the x axis. Absent if none was asked for. */
  readonly x?: Float64Array;
  /**
   * How many of the points are of runs that this run was forked from. They come first, unless the run itself logged
   * steps up to the one that it was forked at. Absent if the run is no fork.
   */
  readonly inherited?: number;
  /** Why inherited points are missing: a run that this one was forked from cannot be read. Absent if none are. */
  readonly lost?: string;
}

/** Joins points of one key into one series in step order. Yields where it may be interrupted. */
export function joinSeries(parts: readonly Series[]): Generator<void, Series, void> {
  return inStepOrder(joinPoints(parts));
}

/**
 * Returns the points as a series, sorted into a copy unless they are in step order. Points of one step keep their
 * order. Yields where it may be interrupted.
 */
export function* inStepOrder({ steps, times, values, ascends }: ReadPoints): Generator<void, Series, void> {
  if (ascends || (yield* isInStepOrderInPieces(steps))) return { steps, times, values };
  return pickPoints({ steps, times, values }, yield* stepOrderInPieces(steps));
}

/** Returns a copy in step order. Points of one step keep their order. */
export function sortBySteps(series: Series): Series {
  return pickPoints(series, inOneGo(stepOrderInPieces(series.steps)));
}

/** Returns a copy of the points at these indices. */
export function pickPoints({ steps, times, values }: Series, places: Uint32Array): Series {
  const { length } = places;
  const pick = (column: Float64Array): Float64Array => {
    const picked = new Float64Array(length);
    for (let i = 0; i < length; i++) picked[i] = column[places[i]!]!;
    return picked;
  };
  return { steps: pick(steps), times: pick(times), values: pick(values) };
}

/** Returns the points of a series that lie in a range, bounds included. */
export function within(series: Series, range: SeriesRange): Series {
  if (!isBounded(range)) return series;
  const { steps, times, values } = series;
  const { from = -Infinity, to = Infinity, fromTime = -Infinity, toTime = Infinity } = range;
  const isIn = (i: number): boolean =>
    (steps[i] as number) >= from &&
    (steps[i] as number) <= to &&
    (times[i] as number) >= fromTime &&
    (times[i] as number) <= toTime;
  let count = 0;
  for (let i = 0; i < steps.length; i++) if (isIn(i)) count++;
  if (count === steps.length) return series;
  const cut = { steps: new Float64Array(count), times: new Float64Array(count), values: new Float64Array(count) };
  for (let i = 0, at = 0; i < steps.length; i++) {
    if (!isIn(i)) continue;
    cut.steps[at] = steps[i] as number;
    cut.times[at] = times[i] as number;
    cut.values[at++] = values[i] as number;
  }
  return cut;
}

/** Returns whether any bound is given. */
export function isBounded({ from, to, fromTime, toTime }: SeriesRange): boolean {
  return [from, to, fromTime, toTime].some((bound) => bound !== undefined);
}

/** Inclusive bounds of steps, and of times in ms since the epoch. */
export interface SeriesRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly fromTime?: number | undefined;
  readonly toTime?: number | undefined;
}

/** Collects the points of one metric in memory that grows. */
export class SeriesBuilder {
  #cells = new Float64Array(3 * 64);
  length = 0;

  push(step: number, time: number, value: number): void {
    const at = this.length * 3;
    if (at === this.#cells.length) {
      const grown = new Float64Array(at * 2);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    this.#cells[at] = step;
    this.#cells[at + 1] = time;
    this.#cells[at + 2] = value;
    this.length++;
  }

  /** Returns the points in the order in which they were pushed. */
  toSeries(): Series {
    const { length } = this;
    const pick = (from: number): Float64Array => {
      const column = new Float64Array(length);
      for (let i = 0; i < length; i++) column[i] = this.#cells[i * 3 + from] as number;
      return column;
    };
    return { steps: pick(0), times: pick(1), values: pick(2) };
  }
}
