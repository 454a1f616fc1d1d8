import { type SeriesOverview, OverviewBuilder } from "./overview-builder.ts";
import {
  type IndexRow,
  type OverviewPlace,
  MAX_INDEX_BYTES,
  MAX_SERIES,
  encodeIndex,
  overviewSeed,
  partCrc,
} from "./overview-index.ts";
import type { KeySlice } from "../compaction-plan.ts";
import { inStepOrder } from "../series.ts";
import { isInStepOrderInPieces } from "../step-order.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { inOneGo } from "../../platform/event-loop.ts";
import { RunDeflate, gzipBound, gzipInPieces } from "../../parquet/deflate/run-deflate.ts";
import { type ExtremeColumns, type LevelPoints, BUCKETS, COARSE_BUCKETS, NO_NAN, mergeBuckets } from "./buckets.ts";
import type { Point } from "../../journal/metric-summary.ts";
import { ByteSink } from "../../parquet/byte-sink.ts";
import { splitByteStreams } from "../../parquet/byte-stream-split.ts";
import { encodeDeltas } from "../../parquet/delta-encode.ts";
import { integerBounds } from "../../parquet/statistics.ts";

/** How many points are added between two yields. */
const PIECE = 65_536;

/** Makes the overviews of the long keys of a run from their points, given key by key. */
export class OverviewCollector {
  readonly #file: OverviewWriter;
  readonly #chunks: Uint8Array[] = [];
  #builder: OverviewBuilder | undefined;
  #seen = 0;
  #lastStep = Number.NEGATIVE_INFINITY;

  constructor(place: OverviewPlace) {
    this.#file = new OverviewWriter(place);
  }

  /** Adds the next slice of a key. Yields where it may be interrupted; nothing else may be added meanwhile. */
  *addInPieces({ key, total, steps, times, values }: KeySlice): Generator<void, void, void> {
    if (this.#seen === 0) {
      this.#builder = new OverviewBuilder(total);
      this.#lastStep = Number.NEGATIVE_INFINITY;
    }
    this.#seen += steps.length;
    const ascends = yield* isInStepOrderInPieces(steps);
    const isWhole = steps.length === total;
    const points = isWhole ? yield* inStepOrder({ steps, times, values, ascends }) : { steps, times, values };
    // A key that does not fit in memory and is not in step order gets no overview, because it cannot be sorted in
    // memory.
    if ((points.steps[0] as number) < this.#lastStep || !(ascends || isWhole)) this.#builder = undefined;
    this.#lastStep = points.steps[points.steps.length - 1] as number;
    for (let start = 0; this.#builder && start < points.steps.length; start += PIECE) {
      const end = start + PIECE;
      const piece = [points.steps, points.times, points.values].map((column) => column.subarray(start, end));
      this.#builder.add(...(piece as [Float64Array, Float64Array, Float64Array]));
      yield;
    }
    if (this.#seen < total) return;
    if (this.#builder && !this.#file.isFull)
      this.#chunks.push(yield* this.#file.addInPieces(key, this.#builder.finish()));
    this.#builder = undefined;
    this.#seen = 0;
  }

  /** Returns the object, or `undefined` if no key was long enough. */
  end(): Uint8Array | undefined {
    if (this.#chunks.length === 0) return undefined;
    this.#chunks.push(this.#file.end());
    const size = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

/** Space left free for one more row. Nothing here limits the length of a key. */
const LONGEST_ROW: number = 1024 * 1024;

/** Makes an object of overviews. It consists of the bytes that the calls return, in order. */
export class OverviewWriter {
  readonly #rows = new Map<string, IndexRow>();
  readonly #deflate = new RunDeflate();
  readonly #seed: number;
  #indexBytes = 0;

  constructor(place: OverviewPlace) {
    this.#seed = overviewSeed(place);
  }

  /** True if readers would refuse an object with one more series. */
  get isFull(): boolean {
    return this.#rows.size >= MAX_SERIES || this.#indexBytes >= MAX_INDEX_BYTES - LONGEST_ROW;
  }

  /** The number of bytes returned so far. */
  size = 0;

  /**
   * Returns the block of a series of more than 500 points. Throws `INVALID_ARGUMENT` for a shorter one or a key added
   * before.
   */
  add(key: string, overview: SeriesOverview): Uint8Array {
    return inOneGo(this.addInPieces(key, overview));
  }

  /** Does what {@link add} does. Yields where it may be interrupted; nothing else may be added meanwhile. */
  *addInPieces(key: string, overview: SeriesOverview): Generator<void, Uint8Array, void> {
    if (this.#rows.has(key) || overview.n <= BUCKETS)
      throw new LedgerError("INVALID_ARGUMENT", `${JSON.stringify(key)} is too short for an overview, or has one`, {
        field: "key",
      });
    const parts = yield* encodeOverviewInPieces(overview, this.#deflate);
    // A character takes at most three bytes, and the rest of the row less than 120.
    this.#indexBytes += 3 * JSON.stringify(key).length + 120;
    this.#rows.set(key, [overview.n, ...parts.flatMap((part) => [part.length, partCrc(this.#seed, key, part)])]);
    const block = Uint8Array.from(parts.flatMap((part) => [...part]));
    this.size += block.length;
    return block;
  }

  /** Returns the end of the object. Nothing can be added after it. */
  end(): Uint8Array {
    const index = encodeIndex(this.#rows, this.#seed);
    this.size += index.length;
    return index;
  }
}

/**
 * Returns the parts of a block: the extremes at the coarser level, and those at the finer level. Throws
 * `INVALID_ARGUMENT` for steps or times that are not safe integers.
 */
export function encodeOverview(
  overview: SeriesOverview,
  deflate: RunDeflate,
): [coarser: Uint8Array, finer: Uint8Array] {
  return inOneGo(encodeOverviewInPieces(overview, deflate));
}

/** Does what {@link encodeOverview} does. Yields where it may be interrupted. */
function* encodeOverviewInPieces(
  { first, last, extremes }: SeriesOverview,
  deflate: RunDeflate,
): Generator<void, [coarser: Uint8Array, finer: Uint8Array], void> {
  return [
    yield* encodeLevel(levelPoints(first, mergeBuckets(extremes, COARSE_BUCKETS), last), deflate),
    yield* encodeLevel(levelPoints(first, extremes, last), deflate),
  ];
}

type Packing = Generator<void, Uint8Array, void>;

function encodeLevel({ points: { steps, times, values }, nans }: LevelPoints, deflate: RunDeflate): Packing {
  return pack([steps, times, nans.places, nans.steps, nans.times], values, deflate);
}

/** Returns the points of a level of a series. */
export function levelPoints(first: Point, level: ExtremeColumns, last: Point): LevelPoints {
  const count = 2 * level.buckets + 2;
  const steps = new Float64Array(count);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  let at = 0;
  const push = (value: number, step: number, time: number): void => {
    values[at] = value;
    steps[at] = step;
    times[at++] = time;
  };
  push(first.value, first.step, first.time);
  for (let b = 0; b < level.buckets; b++) {
    if (!level.has(b)) {
      for (let i = 0; i < 2; i++) push(Number.NaN, level.nanSteps[b]!, level.nanTimes[b]!);
      continue;
    }
    const pushMin = (): void => push(level.minValues[b]!, level.minSteps[b]!, level.minTimes[b]!);
    if (level.minFirst[b] === 1) pushMin();
    push(level.maxValues[b]!, level.maxSteps[b]!, level.maxTimes[b]!);
    if (level.minFirst[b] === 0) pushMin();
  }
  push(last.value, last.step, last.time);
  const mixed = Float64Array.from(level.nanPlaces.keys()).filter((b) => level.has(b) && level.nanPlaces[b] !== NO_NAN);
  const nans = {
    places: mixed.map((b) => 3 * b + level.nanPlaces[b]!),
    steps: mixed.map((b) => level.nanSteps[b]!),
    times: mixed.map((b) => level.nanTimes[b]!),
  };
  return { points: { steps, times, values }, nans };
}

/** Compresses the planes of values, then one page of integers. */
function* pack(columns: readonly Float64Array[], values: Float64Array, deflate: RunDeflate): Packing {
  const integers = Float64Array.from(columns.flatMap((column) => [...column]));
  const page = new ByteSink();
  page.ensure(8 * values.length);
  splitByteStreams(values, page.room, 0, values.length);
  page.index = 8 * values.length;
  encodeDeltas(integers, integerBounds([integers], Number.MAX_SAFE_INTEGER, "overview"), page);
  const bytes = page.written;
  const ends = [...Array.from({ length: 8 }, (_, plane) => (plane + 1) * values.length), bytes.length];
  const out = new Uint8Array(gzipBound(bytes.length, ends.length));
  yield;
  return out.subarray(0, yield* gzipInPieces(deflate, bytes, ends, out));
}
