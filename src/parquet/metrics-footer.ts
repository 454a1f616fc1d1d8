import { type ChunkLayout, type ColumnSchema, chunksOf, readChunkLayout } from "./footer-read.ts";
import { checkFooter } from "./footer-checksum.ts";
import { compareBytes } from "../bytes/utf8-order.ts";
import { decodeText } from "./plain.ts";
import { type ColumnName, type MetricsSchema, readSchema } from "./metrics-schema.ts";
import { type Fields, ThriftReader, malformed } from "./thrift-read.ts";

/** The most rows of a row group. */
export const MAX_GROUP_ROWS = 1_048_576;
/** The most values in the description of a row group, and in the rest of the footer. This library writes about 150. */
const MAX_VALUES = 10_000;

/** What the footer states about a row group. */
export interface RowGroupInfo {
  readonly rows: number;
  /** The number of its first row in the file. */
  readonly firstRow: number;
  readonly minKey: string;
  readonly maxKey: string;
  /** Bounds of steps and of times are `-Infinity` and `Infinity` if the file has no statistics of them. */
  readonly minStep: number;
  readonly maxStep: number;
  /** Milliseconds since the epoch. */
  readonly minTime: number;
  readonly maxTime: number;
}

export interface GroupLayout extends RowGroupInfo {
  /** Index among the row groups of the file. */
  readonly index: number;
  /** The UTF-8 of `minKey` and `maxKey`. */
  readonly firstKey: Uint8Array;
  readonly lastKey: Uint8Array;
  readonly chunks: Readonly<Record<ColumnName, ChunkLayout>>;
  /** The run that all rows belong to, if the statistics show it. */
  readonly runId: string | undefined;
}

export interface FileLayout {
  readonly rows: number;
  readonly groups: readonly GroupLayout[];
}

/**
 * Reads a footer, without its length and magic, that begins at byte `position` of the file. Throws a RangeError unless
 * the footer is consistent: chunks lie in the file and do not overlap, row groups are in the order of their keys, and
 * the numbers of rows add up.
 */
export function readFooter(footer: Uint8Array, position: number): FileLayout {
  const reader = new ThriftReader(footer, 0, MAX_VALUES);
  let builder: LayoutBuilder | undefined;
  const fields = reader.struct(0, (id, before) => {
    if (id !== 4) return false;
    builder = new LayoutBuilder(readSchema(before.structs(2)), position);
    // One at a time, so that the memory never holds a long footer both encoded and decoded.
    for (let left = reader.structs(); left > 0; left--) {
      const budget = reader.budget;
      reader.budget = MAX_VALUES;
      builder.add(reader.struct(1));
      reader.budget = budget;
    }
    return true;
  });
  if (builder === undefined || reader.at !== footer.length) throw malformed();
  if (fields.has(5)) checkFooter(footer, fields.structs(5));
  return builder.finish(fields.integer(3));
}

class LayoutBuilder {
  readonly #schema: MetricsSchema;
  readonly #limit: number;
  readonly #groups: GroupLayout[] = [];
  #rows = 0;
  #end = 4;

  constructor(schema: MetricsSchema, limit: number) {
    this.#schema = schema;
    this.#limit = limit;
  }

  add(group: Fields): void {
    try {
      this.#add(group);
    } catch (cause) {
      throw new RangeError(`row group ${this.#groups.length}: ${(cause as Error).message}`, { cause });
    }
  }

  #add(group: Fields): void {
    const rows = group.integer(3);
    if (rows < 1 || rows > MAX_GROUP_ROWS) throw new RangeError(`${rows} rows are impossible`);
    const metadata = chunksOf(group, this.#schema.width);
    const { key, step, time, value } = this.#schema.columns;
    const of = (column: ColumnSchema): Fields => metadata[column.index] as Fields;

    const layout = (column: ColumnSchema): ChunkLayout => readChunkLayout(of(column), column, rows, this.#limit);
    const chunks = { key: layout(key), step: layout(step), time: layout(time), value: layout(value) };
    for (const { start, end } of Object.values(chunks).toSorted((a, b) => a.start - b.start)) {
      if (start < this.#end) throw new RangeError("columns overlap");
      this.#end = end;
    }
    const [firstKey, lastKey] = keyBounds(of(key));
    const previous = this.#groups.at(-1);
    if (compareBytes(firstKey, lastKey) > 0 || (previous && compareBytes(previous.lastKey, firstKey) > 0)) {
      throw new RangeError("keys are out of order");
    }
    const [minStep, maxStep] = bounds(of(step));
    const [minTime, maxTime] = bounds(of(time));
    this.#groups.push({
      index: this.#groups.length,
      rows,
      firstRow: this.#rows,
      minKey: decodeText(firstKey),
      maxKey: decodeText(lastKey),
      minStep,
      maxStep,
      minTime,
      maxTime,
      firstKey,
      lastKey,
      chunks,
      runId: this.#schema.runId === undefined ? undefined : onlyValue(metadata[this.#schema.runId] as Fields),
    });
    this.#rows += rows;
  }

  finish(rows: number): FileLayout {
    if (rows !== this.#rows) throw new RangeError(`row groups have ${this.#rows} rows, the file has ${rows}`);
    return { rows, groups: this.#groups };
  }
}

/**
 * Returns copies of the least and greatest key. Throws if the statistics lack or truncate them: readers find row groups
 * by them.
 */
function keyBounds(metadata: Fields): [Uint8Array, Uint8Array] {
  if (!metadata.has(12)) throw new RangeError("the keys have no statistics");
  const statistics = metadata.struct(12);
  if (statistics.isFalse(7) || statistics.isFalse(8)) {
    throw new RangeError("the statistics of the keys are truncated");
  }
  return [statistics.bytes(6).slice(), statistics.bytes(5).slice()];
}

/** Returns the text that all rows have, or `undefined` if the statistics do not show it. */
function onlyValue(metadata: Fields): string | undefined {
  const statistics = metadata.has(12) ? metadata.struct(12) : undefined;
  if (statistics === undefined || !statistics.has(5) || !statistics.has(6)) return undefined;
  const [least, most] = [statistics.bytes(6), statistics.bytes(5)];
  return compareBytes(least, most) === 0 ? decodeText(least) : undefined;
}

function bounds(metadata: Fields): [number, number] {
  const statistics = metadata.has(12) ? metadata.struct(12) : undefined;
  if (statistics === undefined || !statistics.has(5) || !statistics.has(6)) return [-Infinity, Infinity];
  const [least, most] = [int64(statistics.bytes(6)), int64(statistics.bytes(5))];
  if (least > most) throw malformed();
  return [least, most];
}

function int64(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw malformed();
  const value = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
  if (!Number.isSafeInteger(value)) throw malformed();
  return value;
}

export function hasManyKeys(group: GroupLayout): boolean {
  return compareBytes(group.firstKey, group.lastKey) !== 0;
}
