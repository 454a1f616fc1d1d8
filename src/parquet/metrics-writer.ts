import { isTypedArray } from "../platform/any-realm.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { inOneGo } from "../platform/event-loop.ts";
import { ByteSink } from "./byte-sink.ts";
import { splitByteStreams } from "./byte-stream-split.ts";
import { RunCompressor } from "./run-compressor.ts";
import { encodeDeltas } from "./delta-encode.ts";
import { dictionaryPages } from "./dictionary-encode.ts";
import {
  type ColumnElement,
  type WrittenChunk,
  type WrittenGroup,
  TEXT,
  TIMESTAMP,
  beginFile,
  endFile,
} from "./footer-write.ts";
import { ENCODING, TYPE } from "./thrift-enums.ts";
import { type Compressor, type Page, writeChunkInPieces } from "./column-chunk-write.ts";
import { plainBound, writePlain64 } from "./plain.ts";
import { type Bounds, integerBounds, numberBounds } from "./statistics.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";

/**
 * Points of one key as parallel arrays, which may be views of larger ones. `steps` are safe integers. `times` are whole
 * ms since the epoch, from -8.64e15 to 8.64e15. `values` are any float64.
 */
export interface Slice {
  readonly key: string;
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface MetricsWriterOptions {
  readonly runId: string;
  /**
   * Makes files for engines without BYTE_STREAM_SPLIT: values are PLAIN, compressed by this compressor, and so are
   * steps or times that differ widely. The files are larger and take longer to write. Default: values are
   * BYTE_STREAM_SPLIT.
   */
  readonly compat?: Compressor | undefined;
}

const LATEST_TIME = 8.64e15;
/** fastparquet, one of the engines that `compat` is for, misreads differences of more bits without an error. */
const COMPATIBLE_WIDTH = 28;

const RUN_ID: ColumnElement = { name: "run_id", ...TEXT };
const KEY: ColumnElement = { name: "key", ...TEXT };
const STEP: ColumnElement = { name: "step", type: TYPE.int64 };
const TIME: ColumnElement = { name: "time", ...TIMESTAMP };
const VALUE: ColumnElement = { name: "value", type: TYPE.double };

/**
 * The fewest values that the compressor looks at on their own. It weighs each part by itself, which would take seconds
 * for a hundred thousand metrics of one value.
 */
const SHORTEST_PART = 16;

/**
 * Writes the metrics of a run as a Parquet file, piece by piece. A row is a point; the columns are `run_id`, `key`,
 * `step`, `time` and `value`. Does no I/O. Keeps in memory what the footer will state about each row group, and buffers
 * for the largest one.
 */
export class MetricsWriter {
  readonly #runId: string;
  readonly #compat: Compressor | undefined;
  readonly #out = new ByteSink();
  readonly #page = new ByteSink();
  readonly #compressor = new RunCompressor();
  readonly #rowGroups: WrittenGroup[] = [];
  #joined = new Float64Array(0);
  #rows = 0;
  #ended = false;

  constructor({ runId, compat }: MetricsWriterOptions) {
    if (typeof runId !== "string") throw invalidArgument("runId", "a string", runId);
    this.#runId = runId;
    this.#compat = compat;
  }

  /** The number of bytes returned so far. */
  get size(): number {
    return this.#out.offset;
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * Encodes successive slices as a row group and returns its bytes. Their keys must ascend by {@link compareUtf8}. The
   * bytes of the first call begin with the magic. Ignores slices without points, so the result may be empty. Throws
   * `INVALID_ARGUMENT`, and writes nothing, for a key out of order, for arrays of different lengths, and for an invalid
   * step or time. Throws `CLOSED` after `end`.
   */
  rowGroup(slices: readonly Slice[]): Uint8Array {
    return inOneGo(this.rowGroupInPieces(slices));
  }

  /** Does what {@link rowGroup} does. Yields where it may be interrupted; nothing else may be written meanwhile. */
  *rowGroupInPieces(slices: readonly Slice[]): Generator<void, Uint8Array, void> {
    this.#checkOpen();
    yield* checkSlices(slices);
    const steps = slices.map((slice) => slice.steps);
    const times = slices.map((slice) => slice.times);
    const values = slices.map((slice) => slice.values);
    yield;
    const stepBounds = integerBounds(steps, Number.MAX_SAFE_INTEGER, "slices[#].steps");
    const timeBounds = integerBounds(times, LATEST_TIME, "slices[#].times");
    const rows = values.reduce((total, { length }) => total + length, 0);

    const out = this.#out;
    out.restart();
    beginFile(out);
    if (rows > 0) {
      this.#page.index = 0;
      this.#page.ensure(9 * rows);
      const start = out.offset;
      const keys: string[] = [];
      const counts: number[] = [];
      for (const { key, values } of slices) {
        if (values.length === 0) continue;
        if (key !== keys.at(-1)) counts[keys.push(key) - 1] = 0;
        counts[keys.length - 1]! += values.length;
      }
      yield;
      const only = yield* dictionaryPages([this.#runId], [rows]);
      const dictionary = yield* dictionaryPages(keys, counts);
      const chunks = [
        yield* this.#chunk(RUN_ID, only, [this.#runId, this.#runId]),
        yield* this.#chunk(KEY, dictionary, [keys[0]!, keys.at(-1)!]),
        yield* this.#integers(STEP, steps, rows, stepBounds),
        yield* this.#integers(TIME, times, rows, timeBounds),
        yield* this.#values(values, rows),
      ];
      this.#rowGroups.push({ chunks, rows, start, end: out.offset, sortedBy: 1 });
      this.#rows += rows;
    }
    return out.written.slice();
  }

  /**
   * Returns the end of the file: footer and magic, and before them the file's first magic if there was no row group.
   */
  end(): Uint8Array {
    this.#checkOpen();
    this.#ended = true;
    this.#out.restart();
    endFile(this.#out, [RUN_ID, KEY, STEP, TIME, VALUE], this.#rowGroups);
    return this.#out.written.slice();
  }

  #checkOpen(): void {
    if (this.#ended) throw new LedgerError("CLOSED", "the metrics file has ended");
  }

  *#integers(
    element: ColumnElement,
    parts: readonly Float64Array[],
    rows: number,
    bounds: Bounds,
  ): Generator<void, WrittenChunk, void> {
    const values = this.#join(parts, rows);
    const page = this.#page;
    page.index = 0;
    const plain = encodeDeltas(values, bounds, page) > COMPATIBLE_WIDTH && this.#compat !== undefined;
    if (plain) {
      page.index = 0;
      writePlain64(BigInt64Array.from(values, BigInt), page);
    }
    const encoding = plain ? ENCODING.plain : ENCODING.delta;
    const pages: Page[] = [{ encoding, count: values.length, bytes: page.written }];
    yield;
    return yield* this.#chunk(element, pages, [BigInt(bounds.min), BigInt(bounds.max)]);
  }

  *#values(slices: readonly Float64Array[], rows: number): Generator<void, WrittenChunk, void> {
    const bounds = numberBounds(slices);
    yield;
    const page = this.#page;
    page.index = 0;
    page.ensure(8 * rows);
    const parts: number[] = [];
    if (this.#compat) {
      for (const values of slices) writePlain64(values, page);
    } else {
      let row = 0;
      for (const values of slices) {
        splitByteStreams(values, page.room, row, rows);
        row += values.length;
        if (row === rows || row - (parts.at(-1) ?? 0) >= SHORTEST_PART) parts.push(row);
      }
      page.index = 8 * rows;
    }
    yield;
    const split: Page = {
      encoding: this.#compat ? ENCODING.plain : ENCODING.byteStreamSplit,
      count: rows,
      bytes: page.written,
      parts: Array.from({ length: 8 }, (_, plane) => parts.map((end) => plane * rows + end)).flat(),
    };
    return yield* this.#chunk(VALUE, [split], bounds && [bounds.min, bounds.max]);
  }

  #chunk<T extends number | bigint | string>(
    element: ColumnElement,
    pages: readonly Page[],
    bounds: readonly [min: T, max: T] | undefined,
  ): Generator<void, WrittenChunk, void> {
    const statistics = {
      nulls: 0,
      ...(bounds && { min: plainBound(bounds[0]), max: plainBound(bounds[1]) }),
      // Otherwise DuckDB assumes that they are truncated, and reads every row group whose keys begin like the one it
      // looks for.
      ...(element.type === TYPE.byteArray && { minExact: true, maxExact: true }),
    };
    const compressor = element === VALUE ? (this.#compat ?? this.#compressor) : this.#compressor;
    return writeChunkInPieces(this.#out, element, pages, compressor, statistics);
  }

  #join(parts: readonly Float64Array[], rows: number): Float64Array {
    if (parts.length === 1) return parts[0]!;
    if (this.#joined.length < rows) this.#joined = new Float64Array(rows);
    let at = 0;
    for (const part of parts) {
      this.#joined.set(part, at);
      at += part.length;
    }
    return this.#joined.subarray(0, rows);
  }
}

/** How many slices are checked between two yields. */
const PIECE = 4096;
const COLUMNS = ["steps", "times", "values"] as const;

function* checkSlices(slices: readonly Slice[]): Generator<void, void, void> {
  for (const [i, slice] of slices.entries()) {
    if (i % PIECE === PIECE - 1) yield;
    const { key, values } = slice;
    if (typeof key !== "string") throw invalidArgument(`slices[${i}].key`, "a string", key);
    for (const name of COLUMNS) {
      const array = slice[name];
      if (!isTypedArray(array, "Float64Array")) throw invalidArgument(`slices[${i}].${name}`, "a Float64Array", array);
      if (array.length !== values.length) {
        throw new LedgerError(
          "INVALID_ARGUMENT",
          `slices[${i}].${name} must have ${values.length} elements, as its values do, but has ${array.length}`,
          { field: `slices[${i}].${name}` },
        );
      }
    }
    const before = slices[i - 1]?.key;
    if (before !== undefined && compareUtf8(before, key) > 0) {
      throw new LedgerError("INVALID_ARGUMENT", `slices[${i}].key must not sort before the key of the previous slice`, {
        field: `slices[${i}].key`,
      });
    }
  }
}
