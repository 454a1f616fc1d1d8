import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RecordedDataset } from "../journal/event.ts";
import { parseJson } from "../bytes/parse-json.ts";
import { ID_PATTERN } from "../journal/run-created.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { MAGIC } from "../parquet/thrift-enums.ts";
import { gunzip, gunzipAll } from "#gunzip";
import { type Cells, decodeCells, decodeTexts } from "./column-cells.ts";
import { checkColumns } from "./column-types.ts";
import { type ColumnEntry, decodeDirectory, type Directory, directorySize } from "./directory.ts";
import { experimentPrefix } from "./entry.ts";
import { isDatasetList } from "../journal/is-run-record.ts";
import { planRanges, type Range } from "./ranges.ts";
import { RecordPages, type StoredPage, toStored } from "./record-pages.ts";
import { decodeRecord } from "./record-text.ts";
import type { SegmentName } from "./segment-name.ts";
import { MAX_COLUMN_BYTES, MAX_FOOTER_BYTES, MAX_SEGMENT_ROWS } from "./segment-name.ts";

/** Bytes read from the end of a segment at first; a small one is read whole. */
const TAIL_BYTES = 262_144;
/** Pages of records inflated at once, and their bytes, inflated, unless one has more. */
const PAGES_AT_ONCE = 64;
const INFLATED_AT_ONCE: number = 16 * 1024 * 1024;
/** Bytes of records read at once where all are wanted. */
const PIECE_BYTES: number = 4 * 1024 * 1024;
/** Length of the footer and magic. */
const END_BYTES = 8;

/** A segment of the catalogue, of which only what is asked for is read. Whatever is wrong with it is `CORRUPT`, naming it. */
export class Segment {
  readonly name: SegmentName;
  readonly directory: Directory;
  readonly #tail: { readonly start: number; readonly bytes: Uint8Array };
  readonly #columns: ReadonlyMap<string, ColumnEntry>;
  /** As they were read, until somebody looks at them. */
  readonly #unread = new Map<string, Uint8Array>();
  readonly #cells = new Map<string, Cells>();
  readonly #pages: RecordPages;

  private constructor(name: SegmentName, directory: Directory, tail: { start: number; bytes: Uint8Array }) {
    this.name = name;
    this.directory = directory;
    this.#tail = tail;
    this.#columns = new Map(directory.columns.map((column) => [column.name, column]));
    if (directory.rows > MAX_SEGMENT_ROWS || this.#columns.size !== directory.columns.length)
      throw new RangeError("its directory is malformed");
    checkColumns(this.#columns);
    this.#pages = new RecordPages(directory.records);
  }

  static async open(backend: Backend, name: SegmentName, signal: AbortSignal | undefined): Promise<Segment> {
    return await orCorrupt(name.key, signal, async () => {
      let tail = await readTail(backend, name, TAIL_BYTES, signal);
      let end = directoryEnd(tail, name);
      if (end - 8 < tail.start) {
        tail = await readTail(backend, name, name.size - end + TAIL_BYTES, signal);
        end = directoryEnd(tail, name);
      }
      const size = directorySize(tail.bytes.subarray(0, end - tail.start));
      if (size > Math.min(end, MAX_FOOTER_BYTES)) throw new RangeError("its directory has an impossible length");
      if (end - size < tail.start) tail = await readTail(backend, name, name.size - end + size, signal);
      const bytes = tail.bytes.subarray(end - size - tail.start, end - tail.start);
      return new Segment(name, decodeDirectory(name.key, bytes, end - size), tail);
    });
  }

  get rows(): number {
    return this.directory.rows;
  }

  /** Cells in memory. */
  get held(): number {
    return (this.#cells.size + this.#unread.size) * this.rows;
  }

  /** What is known of a column without reading it. */
  column(name: string): ColumnEntry | undefined {
    return this.#columns.get(name);
  }

  /** A column that was loaded, `undefined` where there is none of that name. */
  cells(name: string): Cells | undefined {
    const bytes = this.#unread.get(name);
    if (bytes !== undefined) {
      try {
        const cells = decodeCells(bytes, this.#columns.get(name)!, this.rows);
        this.#cells.set(name, cells);
      } catch (cause) {
        throw corrupt(this.name.key, cause);
      }
      this.#unread.delete(name);
    }
    return this.#cells.get(name);
  }

  /** The id of the run that a row is of. */
  idAt(row: number): string {
    const id = this.cells("run_id")!.at(row) as string;
    if (!ID_PATTERN.test(id)) throw corrupt(this.name.key, new RangeError("it has an id that is none"));
    return id;
  }

  /** Reads columns, those there are and that are not in memory yet, from an object store with at most `most` requests. */
  async load(backend: Backend, names: Iterable<string>, most: number, signal: AbortSignal | undefined): Promise<void> {
    const wanted = [...new Set(names)].flatMap((name) => (this.#has(name) ? [] : (this.#columns.get(name) ?? [])));
    for (const { name, size } of wanted)
      if (size > MAX_COLUMN_BYTES)
        throw corrupt(this.name.key, new RangeError(`column ${name.slice(0, 250)} is too long`));
    const rangeOf = ({ start, size }: ColumnEntry): Range => ({ start, end: start + size });
    await orCorrupt(this.name.key, signal, async () => {
      const bytesOf = await this.#read(backend, wanted.map(rangeOf), most, signal);
      for (const column of wanted) this.#unread.set(column.name, bytesOf(rangeOf(column)));
    });
  }

  /** The records of some rows, from an object store with at most `most` requests. */
  async records(
    backend: Backend,
    rows: readonly number[],
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<Map<number, RunRecord>> {
    return await orCorrupt(this.name.key, signal, async () => {
      const pages = new Map<number, number[]>();
      for (const row of rows) {
        const page = this.#pages.of(row);
        const own = pages.get(page);
        if (own) own.push(row);
        else pages.set(page, [row]);
      }
      const wanted = [...pages.keys()].map((page) => this.#pages.at(page));
      const bytesOf = await this.#read(backend, wanted, most, signal);
      const own = [...pages.values()];
      const stored = wanted.map((page) => toStored(page, bytesOf(page)));
      const records = new Map<number, RunRecord>();
      for (let i = 0, next = 0; i < stored.length; i = next) {
        next = endOfBatch(stored, i);
        const some = stored.slice(i, next);
        for (const [k, bytes] of gunzipAll(some).entries()) {
          const { firstRow, rows: count } = some[k]!;
          const texts = decodeTexts(bytes, count);
          for (const row of own[i + k]!) records.set(row, this.#toRecord(texts.at(row - firstRow) as string, row));
        }
      }
      return records;
    });
  }

  /** The pages of records, as they are stored. */
  async *storedPages(backend: Backend, signal: AbortSignal | undefined): AsyncGenerator<StoredPage, void, undefined> {
    for (let i = 0; i < this.#pages.count;) {
      const first = this.#pages.at(i);
      const some = [first];
      while (i + some.length < this.#pages.count) {
        const next = this.#pages.at(i + some.length);
        if (next.end > first.start + PIECE_BYTES) break;
        some.push(next);
      }
      const bytesOf = await orCorrupt(this.name.key, signal, () => this.#read(backend, some, 1, signal));
      for (const page of some) yield await orCorrupt(this.name.key, signal, async () => toStored(page, bytesOf(page)));
      i += some.length;
    }
  }

  /** Texts of the records of some rows of a page. */
  textsOf(page: StoredPage, rows: readonly number[]): string[] {
    try {
      const texts = decodeTexts(gunzip(page.gzip, page.size, true), page.rows);
      return rows.map((row) => texts.at(row - page.firstRow) as string);
    } catch (cause) {
      throw corrupt(this.name.key, cause);
    }
  }

  /** The data sets of a cell. */
  parseDatasets(text: string): readonly RecordedDataset[] {
    let datasets: unknown;
    try {
      datasets = parseJson(text);
    } catch {
      // It is not JSON.
    }
    if (isDatasetList(datasets)) return datasets;
    throw corrupt(this.name.key, new RangeError("data sets are malformed"));
  }

  /** Only a record of the run that the row is of, in an experiment that belongs here. */
  #toRecord(text: string, row: number): RunRecord {
    const record = decodeRecord(text);
    const belongs = this.name.key.startsWith(`${experimentPrefix(record.experiment)}/segments/`);
    if (!belongs || !this.#mayBeOf(row, record.id)) throw new RangeError("a record is malformed");
    return record;
  }

  /** By the ids, if they were looked at already: to inflate them takes longer than to read some records. */
  #mayBeOf(row: number, id: string): boolean {
    if (this.#cells.has("run_id")) return this.idAt(row) === id;
    const { min, max } = this.#columns.get("run_id")!;
    return (min as string) <= id && id <= (max as string);
  }

  #has(column: string): boolean {
    return this.#cells.has(column) || this.#unread.has(column);
  }

  async #read(
    backend: Backend,
    ranges: readonly Range[],
    most: number,
    signal: AbortSignal | undefined,
  ): Promise<(range: Range) => Uint8Array> {
    const { start: tail, bytes: inTail } = this.#tail;
    // Where objects can be appended to, they are near: what is read in between costs more than another request.
    const limit = backend.capabilities.append ? Number.POSITIVE_INFINITY : most;
    const outside = planRanges(
      ranges.filter(({ start }) => start < tail),
      limit,
    );
    const pieces = await Promise.all(
      outside.map(async (range) => ({ ...range, bytes: await read(backend, this.name, range, signal) })),
    );
    pieces.push({ start: tail, end: this.name.size, bytes: inTail });
    return ({ start, end }) => {
      const piece = pieces.find((each) => each.start <= start && end <= each.end);
      if (piece === undefined) throw new RangeError("it is malformed");
      return piece.bytes.subarray(start - piece.start, end - piece.start);
    };
  }
}

/** The pages from `start` to the number that this returns are inflated at once. */
function endOfBatch(pages: readonly StoredPage[], start: number): number {
  let next = start;
  for (let bytes = 0; next < pages.length && next < start + PAGES_AT_ONCE; next++) {
    bytes += pages[next]!.size;
    if (next > start && bytes > INFLATED_AT_ONCE) break;
  }
  return next;
}

interface Tail {
  readonly start: number;
  readonly bytes: Uint8Array;
}

async function readTail(
  backend: Backend,
  name: SegmentName,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Tail> {
  const start = Math.max(0, name.size - length);
  return { start, bytes: await read(backend, name, { start, end: name.size }, signal) };
}

/** Where the directory ends and the footer begins. */
function directoryEnd({ bytes }: Tail, { size }: SegmentName): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(bytes.length - 4, true) !== MAGIC) throw new RangeError("it is no Parquet file");
  const end = size - END_BYTES - view.getUint32(bytes.length - END_BYTES, true);
  if (end < Math.max(END_BYTES, size - MAX_FOOTER_BYTES)) throw new RangeError("its footer has an impossible length");
  return end;
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

/** Errors of the backend as they are; all else means that the bytes are not those of a segment. */
async function orCorrupt<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal?.aborted || (LedgerError.is(cause) && cause.code !== "CORRUPT")) throw cause;
    throw corrupt(key, cause);
  }
}

function corrupt(key: string, cause: unknown): LedgerError {
  return new LedgerError("CORRUPT", `${key} is damaged: ${(cause as Error).message}`, { key, cause });
}
