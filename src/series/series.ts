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
  return yield* pickInPieces({ steps, times, values }, yield* stepOrderInPieces(steps));
}

/** How many points are picked between two yields. Places in any order are all over the memory. */
const PIECE = 65_536;

function* pickInPieces({ steps, times, values }: Series, places: Uint32Array): Generator<void, Series, void> {
  const columns: Float64Array[] = [];
  for (const column of [steps, times, values]) {
    const picked = new Float64Array(places.length);
    for (let i = 0; i < places.length; i++) {
      if (i % PIECE === PIECE - 1) yield;
      picked[i] = column[places[i]!]!;
    }
    columns.push(picked);
  }
  return { steps: columns[0]!, times: columns[1]!, values: columns[2]! };
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

/** The most points that are kept together. */
const CHUNK = 65_536;

/** Collects the points of one metric in memory that grows. */
export class SeriesBuilder {
  /** Chunks that have {@link CHUNK} points. */
  readonly #full: Float64Array[] = [];
  #cells = new Float64Array(3 * 64);
  #at = 0;

  get length(): number {
    return this.#full.length * CHUNK + this.#at / 3;
  }

  push(step: number, time: number, value: number): void {
    if (this.#at === this.#cells.length) this.#grow();
    const at = this.#at;
    this.#cells[at] = step;
    this.#cells[at + 1] = time;
    this.#cells[at + 2] = value;
    this.#at = at + 3;
  }

  /** Returns the points in the order in which they were pushed. Yields where it may be interrupted. */
  *toSeries(): Generator<void, Series, void> {
    const { length } = this;
    const series = {
      steps: new Float64Array(length),
      times: new Float64Array(length),
      values: new Float64Array(length),
    };
    let start = 0;
    for (const cells of this.#full) {
      split(cells, CHUNK, series, start);
      start += CHUNK;
      yield;
    }
    split(this.#cells, this.#at / 3, series, start);
    return series;
  }

  #grow(): void {
    if (this.#at === 3 * CHUNK) {
      this.#full.push(this.#cells);
      this.#cells = new Float64Array(3 * CHUNK);
      this.#at = 0;
      return;
    }
    const grown = new Float64Array(2 * this.#cells.length);
    grown.set(this.#cells);
    this.#cells = grown;
  }
}

/** Copies `count` points, each three cells, into the columns of a series from `start` on. */
function split(cells: Float64Array, count: number, { steps, times, values }: Series, start: number): void {
  for (let i = 0; i < count; i++) {
    steps[start + i] = cells[3 * i] as number;
    times[start + i] = cells[3 * i + 1] as number;
    values[start + i] = cells[3 * i + 2] as number;
  }
}
