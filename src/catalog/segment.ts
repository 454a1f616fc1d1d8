import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../backend/error.ts";
import { decodeJson } from "../backend/json.ts";
import { isDatasets } from "../journal/decode-event.ts";
import type { RecordedDataset } from "../journal/event.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { readOffsetIndex } from "../parquet/offset-index.ts";
import { MAGIC, TYPE } from "../parquet/format-numbers.ts";
import { type TableChunk, type TableLayout, readTableFooter } from "../parquet/table-footer.ts";
import { decodeChunk, type TableCell } from "../parquet/table-read.ts";
import type { PageLocation } from "../parquet/page.ts";
import { experimentPrefix, RUN_ID } from "./entry.ts";
import { isRunRecord } from "./is-run-record.ts";
import { planRanges, type Range } from "./ranges.ts";
import type { SegmentName } from "./segment-name.ts";
import { AMENDS, INCOMPLETE, MAX_SEGMENT_ROWS, RECORD } from "./segment-write.ts";

/** Bytes read from the end of a segment at first; a small one is read whole. */
const TAIL_BYTES = 262_144;
/** Most bytes that cells read at once may take, inflated. */
const MAX_INFLATED: number = 1024 * 1024 * 1024;

/** Every segment has them, with a value in each row. */
const REQUIRED: readonly string[] = [
  "run_id",
  "document",
  "marker",
  "name",
  "experiment",
  "status",
  "start_time",
  RECORD,
];
const TIMES: readonly number[] = [TYPE.int64, TYPE.double];
/** Of columns by their name, or by what stands before its first dot. */
const TYPES: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ["document", [TYPE.int64]],
  ["marker", [TYPE.int64]],
  ["start_time", TIMES],
  ["end_time", TIMES],
  ["deleted_at", TIMES],
  ["metrics.", [TYPE.double]],
  ["numbers.", [TYPE.double]],
  ["booleans.", [TYPE.boolean]],
  ["params.", [TYPE.double, TYPE.boolean, TYPE.byteArray]],
]);

/** All others hold texts. */
function typesOf(column: string): readonly number[] {
  return TYPES.get(column.slice(0, column.indexOf(".") + 1) || column) ?? [TYPE.byteArray];
}

/** A column of a segment: a value or `null` for each row. */
export type Cells = readonly TableCell[];

/** Numbers of the newest row of a run in a segment, where it may stand in for others: document, then marker. */
export type Amends = ReadonlyMap<string, readonly [document: number, marker: number]>;

/** A segment of the catalogue, of which only what is asked for is read. Whatever is wrong with it is `CORRUPT`, naming it. */
export class Segment {
  readonly name: SegmentName;
  readonly amends: Amends;
  /** Not everything has a column. */
  readonly isIncomplete: boolean;
  readonly #layout: TableLayout;
  readonly #tail: { readonly start: number; readonly bytes: Uint8Array };
  readonly #places: ReadonlyMap<string, number>;
  readonly #cells = new Map<string, TableCell[]>();
  #pages: readonly PageLocation[] | undefined;

  private constructor(name: SegmentName, layout: TableLayout, tail: { start: number; bytes: Uint8Array }) {
    this.name = name;
    this.#layout = layout;
    // Kept only where it is the whole segment: else the columns are worth the memory more.
    this.#tail = tail;
    this.#places = new Map(layout.columns.map((column, i) => [column.name, i]));
    if (layout.groups.length !== 1 || this.rows > MAX_SEGMENT_ROWS) throw new RangeError("it has not one row group");
    for (const column of REQUIRED) if (!this.#places.has(column)) throw new RangeError(`it has no column ${column}`);
    for (const { name: column, type } of layout.columns)
      if (!typesOf(column).includes(type)) throw new RangeError(`column ${column.slice(0, 250)} has a wrong type`);
    this.amends = readAmends(layout.metadata.get(AMENDS));
    this.isIncomplete = layout.metadata.has(INCOMPLETE);
  }

  static async open(backend: Backend, name: SegmentName, signal: AbortSignal | undefined): Promise<Segment> {
    return await orCorrupt(name.key, signal, async () => {
      const start = Math.max(0, name.size - TAIL_BYTES);
      let tail = { start, bytes: await read(backend, name, { start, end: name.size }, signal) };
      const footer = footerRange(tail.bytes, name.size);
      if (footer.start < start) {
        tail = { start: footer.start, bytes: await read(backend, name, { ...footer, end: name.size }, signal) };
      }
      const bytes = tail.bytes.subarray(footer.start - tail.start, footer.end - tail.start);
      return new Segment(name, readTableFooter(bytes, footer.start), tail);
    });
  }

  get rows(): number {
    return this.#layout.groups[0]?.rows ?? 0;
  }

  /** Cells in memory. */
  get held(): number {
    return this.#cells.size * this.rows;
  }

  /** What the footer says of a column. */
  chunk(column: string): (TableChunk & { readonly type: number }) | undefined {
    const at = this.#places.get(column);
    return at === undefined
      ? undefined
      : { ...this.#layout.groups[0]!.chunks[at]!, type: this.#layout.columns[at]!.type };
  }

  /** A column that was loaded, `undefined` where there is none of that name. */
  cells(column: string): Cells | undefined {
    return this.#cells.get(column);
  }

  /** Reads columns, those there are and that are not in memory yet, with at most `most` requests. */
  async load(
    backend: Backend,
    columns: Iterable<string>,
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const wanted = [...new Set(columns)].filter((column) => !this.#cells.has(column) && this.#places.has(column));
    await orCorrupt(this.name.key, signal, async () => {
      const read = await this.#read(
        backend,
        wanted.map((column) => this.chunk(column)!),
        most,
        signal,
      );
      const admit = newAdmission();
      for (const column of wanted) {
        const chunk = this.chunk(column)!;
        const cells: TableCell[] = [];
        decodeChunk(read(chunk), chunk.type, chunk, this.rows, admit, cells);
        // No int64 here is beyond 2^53.
        const plain = cells.map((cell) => (typeof cell === "bigint" ? Number(cell) : cell));
        if (REQUIRED.includes(column) && plain.includes(null)) throw new RangeError(`column ${column} has gaps`);
        if (column === "run_id" && !plain.every((id) => RUN_ID.test(id as string)))
          throw new RangeError("it has an id that is none");
        this.#cells.set(column, plain);
      }
    });
  }

  /** The records of some rows, with at most `most` requests, and one for where they are. */
  async records(
    backend: Backend,
    rows: readonly number[],
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<Map<number, RunRecord>> {
    const records = new Map<number, RunRecord>();
    if (rows.length === 0) return records;
    return await orCorrupt(this.name.key, signal, async () => {
      const pages = await this.#pageLocations(backend, signal);
      const wanted = new Map<PageLocation, { rows: number[]; end: number }>();
      for (const row of rows) {
        const at = pageOf(pages, row);
        const page = pages[at]!;
        const found = wanted.get(page);
        if (found) found.rows.push(row);
        else wanted.set(page, { rows: [row], end: pages[at + 1]?.firstRow ?? this.rows });
      }
      const ranges = [...wanted.keys()].map(({ start, size }) => ({ start, end: start + size }));
      const bytesOf = await this.#read(backend, ranges, most, signal);
      const chunk = this.chunk(RECORD)!;
      const admit = newAdmission();
      for (const [{ start, size, firstRow }, page] of wanted) {
        const bytes = bytesOf({ start, end: start + size });
        const texts: TableCell[] = [];
        decodeChunk(bytes, chunk.type, { ...chunk, start, dataStart: start }, page.end - firstRow, admit, texts);
        for (const row of page.rows) records.set(row, this.#toRecord(texts[row - firstRow], row));
      }
      return records;
    });
  }

  /** The data sets of a cell. */
  parseDatasets(text: string): readonly RecordedDataset[] {
    let datasets: unknown;
    try {
      datasets = JSON.parse(text);
    } catch {
      // They are none.
    }
    if (isDatasets(datasets)) return datasets;
    throw new LedgerError("CORRUPT", `${this.name.key} is damaged: data sets are malformed`, { key: this.name.key });
  }

  /** Only a record of the run that the row is of, in an experiment that belongs here. */
  #toRecord(text: unknown, row: number): RunRecord {
    const record = decodeJson(text as string);
    const id = this.#cells.get("run_id")?.[row];
    const isRight =
      isRunRecord(record) &&
      (id === undefined || record.id === id) &&
      this.name.key.startsWith(`${experimentPrefix(record.experiment)}/segments/`);
    if (!isRight) throw new RangeError("a record is malformed");
    return record;
  }

  async #pageLocations(backend: Backend, signal: AbortSignal | undefined): Promise<readonly PageLocation[]> {
    if (this.#pages) return this.#pages;
    const chunk = this.chunk(RECORD)!;
    if (chunk.index === undefined) throw new RangeError("it has no offset index");
    const bytes = await this.#read(backend, [chunk.index], 1, signal);
    this.#pages = readOffsetIndex(bytes(chunk.index), chunk, this.rows);
    return this.#pages;
  }

  async #read(
    backend: Backend,
    ranges: readonly Range[],
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<(range: Range) => Uint8Array> {
    const { start: tail, bytes: inTail } = this.#tail;
    const pieces = await Promise.all(
      planRanges(
        ranges.filter(({ start }) => start < tail),
        most,
      ).map(async (range) => ({ ...range, bytes: await read(backend, this.name, range, signal) })),
    );
    pieces.push({ start: tail, end: this.name.size, bytes: inTail });
    return ({ start, end }) => {
      const piece = pieces.find((each) => each.start <= start && end <= each.end);
      if (piece === undefined) throw new RangeError("it is malformed");
      return piece.bytes.subarray(start - piece.start, end - piece.start);
    };
  }
}

async function read(
  backend: Backend,
  { key }: SegmentName,
  { start, end }: Range,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const length = end - start;
  const bytes = await backend.read(key, { range: { offset: start, length }, ...(signal && { signal }) });
  if (bytes.length !== length) throw new RangeError("it is shorter than it was listed");
  return bytes;
}

function footerRange(tail: Uint8Array, size: number): Range {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  if (tail.length < 12 || view.getUint32(tail.length - 4, true) !== MAGIC)
    throw new RangeError("it is no Parquet file");
  const length = view.getUint32(tail.length - 8, true);
  if (length > size - 12) throw new RangeError("its footer has an impossible length");
  return { start: size - 8 - length, end: size - 8 };
}

function newAdmission(): (values: number, size: number) => boolean {
  let room = MAX_INFLATED;
  return (_, size) => (room -= size) >= 0;
}

/** The page that holds a row. */
function pageOf(pages: readonly PageLocation[], row: number): number {
  let low = 0;
  let high = pages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (pages[middle]!.firstRow <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

function readAmends(text: string | undefined): Amends {
  const amends = new Map<string, [number, number]>();
  const list: unknown = JSON.parse(text ?? "");
  if (!Array.isArray(list)) throw new RangeError("it is malformed");
  for (const [id, document, marker] of list as unknown[][]) {
    if (typeof id !== "string" || !Number.isSafeInteger(document) || !Number.isSafeInteger(marker))
      throw new RangeError("it is malformed");
    amends.set(id, [document as number, marker as number]);
  }
  return amends;
}

/** Errors of the backend as they are; all else means that the bytes are not those of a segment. */
async function orCorrupt<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal?.aborted || (LedgerError.is(cause) && cause.code !== "CORRUPT")) throw cause;
    throw new LedgerError("CORRUPT", `${key} is damaged: ${(cause as Error).message}`, { key, cause });
  }
}
