import type { Backend } from "../backend/backend.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { gunzip, gunzipAll } from "#gunzip";
import { breakIfDue } from "../platform/event-loop.ts";
import { type Cells, decodeCells, decodeTexts } from "./column-cells.ts";
import { checkColumns } from "./column-schema.ts";
import { type ColumnEntry, decodeDirectory, type Directory } from "./segment-directory.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import { type CatalogDataset, parseDatasets } from "./link-cells.ts";
import { RecordPages, type StoredPage, toStored } from "./record-pages.ts";
import { decodeRecord } from "./record-json.ts";
import { corrupt, orCorrupt, type Range, SegmentFile } from "./segment-file.ts";
import type { SegmentName } from "./segment-name.ts";
import { MAX_COLUMN_BYTES, MAX_SEGMENT_ROWS } from "./segment-limits.ts";

/** The most pages of records that are inflated at once. */
const PAGES_AT_ONCE = 64;
/** The most bytes of such pages, inflated, unless a single page has more. */
const INFLATED_AT_ONCE: number = 4 * 1024 * 1024;
/** The number of bytes of records read at once if the caller wants all. */
const PIECE_BYTES: number = 4 * 1024 * 1024;

/**
 * A segment of the catalogue. Reads only the parts that the caller asks for. Throws `CORRUPT` with its key if any part
 * is wrong.
 */
export class Segment {
  readonly name: SegmentName;
  readonly directory: Directory;
  readonly #file: SegmentFile;
  readonly #columns: ReadonlyMap<string, ColumnEntry>;
  /** The bytes of columns that nobody has looked at yet. */
  readonly #unread = new Map<string, Uint8Array>();
  readonly #cells = new Map<string, Cells>();
  readonly #pages: RecordPages;

  private constructor(file: SegmentFile, directory: Directory) {
    this.name = file.name;
    this.directory = directory;
    this.#file = file;
    this.#columns = new Map(directory.columns.map((column) => [column.name, column]));
    if (directory.rows > MAX_SEGMENT_ROWS || this.#columns.size !== directory.columns.length)
      throw new RangeError("its directory is malformed");
    checkColumns(this.#columns);
    this.#pages = new RecordPages(directory.records);
  }

  static async open(backend: Backend, name: SegmentName, signal: AbortSignal | undefined): Promise<Segment> {
    return await orCorrupt(name.key, signal, async () => {
      const file = await SegmentFile.open(backend, name, signal);
      return new Segment(file, decodeDirectory(name.key, file.directory.bytes, file.directory.start));
    });
  }

  get rows(): number {
    return this.directory.rows;
  }

  /** The number of cells in memory. */
  get held(): number {
    return (this.#cells.size + this.#unread.size) * this.rows;
  }

  /** Returns what the directory says about a column. */
  column(name: string): ColumnEntry | undefined {
    return this.#columns.get(name);
  }

  /** Returns a loaded column, or `undefined` if the segment has no column of that name. */
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

  /** Returns the id of a row's run. */
  idAt(row: number): string {
    const id = this.cells("run_id")!.at(row) as string;
    if (!ID_PATTERN.test(id)) throw corrupt(this.name.key, new RangeError("an id in it is not valid"));
    return id;
  }

  /** Reads the named columns that exist and are not in memory yet, with at most `most` requests to an object store. */
  async load(backend: Backend, names: Iterable<string>, most: number, signal: AbortSignal | undefined): Promise<void> {
    const wanted = [...new Set(names)].flatMap((name) => (this.#has(name) ? [] : (this.#columns.get(name) ?? [])));
    for (const { name, size } of wanted)
      if (size > MAX_COLUMN_BYTES)
        throw corrupt(this.name.key, new RangeError(`column ${name.slice(0, 250)} is too long`));
    const rangeOf = ({ start, size }: ColumnEntry): Range => ({ start, end: start + size });
    await orCorrupt(this.name.key, signal, async () => {
      const bytesOf = await this.#file.read(backend, wanted.map(rangeOf), most, signal);
      for (const column of wanted) this.#unread.set(column.name, bytesOf(rangeOf(column)));
    });
  }

  /** Returns the records of some rows, with at most `most` requests to an object store. */
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
      const bytesOf = await this.#file.read(backend, wanted, most, signal);
      const own = [...pages.values()];
      const stored: StoredPage[] = [];
      for (const page of wanted) {
        stored.push(toStored(page, bytesOf(page)));
        await breakIfDue();
      }
      const records = new Map<number, RunRecord>();
      for (let i = 0, next = 0; i < stored.length; i = next) {
        next = endOfBatch(stored, i);
        const some = stored.slice(i, next);
        for (const [k, bytes] of gunzipAll(some).entries()) {
          const { firstRow, rows: count } = some[k]!;
          const texts = decodeTexts(bytes, count);
          for (const row of own[i + k]!) {
            records.set(row, this.#toRecord(texts.at(row - firstRow) as string, row));
            // A record may have megabytes.
            await breakIfDue();
          }
        }
      }
      return records;
    });
  }

  /** Yields the pages of records as they are stored. */
  async *storedPages(backend: Backend, signal: AbortSignal | undefined): AsyncGenerator<StoredPage, void, undefined> {
    for (let i = 0; i < this.#pages.count;) {
      const first = this.#pages.at(i);
      const some = [first];
      while (i + some.length < this.#pages.count) {
        const next = this.#pages.at(i + some.length);
        if (next.end > first.start + PIECE_BYTES) break;
        some.push(next);
      }
      const bytesOf = await orCorrupt(this.name.key, signal, () => this.#file.read(backend, some, 1, signal));
      for (const page of some) yield await orCorrupt(this.name.key, signal, async () => toStored(page, bytesOf(page)));
      i += some.length;
    }
  }

  /** Returns the texts of the records of some rows of a page. */
  textsOf(page: StoredPage, rows: readonly number[]): string[] {
    try {
      const texts = decodeTexts(gunzip(page.gzip, page.size, true), page.rows);
      return rows.map((row) => texts.at(row - page.firstRow) as string);
    } catch (cause) {
      throw corrupt(this.name.key, cause);
    }
  }

  /** Returns the data sets of a cell. */
  parseDatasets(text: string): readonly CatalogDataset[] {
    const datasets = parseDatasets(text);
    if (datasets === undefined) throw corrupt(this.name.key, new RangeError("data sets are malformed"));
    return datasets;
  }

  /**
   * Returns the record of a row. Throws if it is the record of another run, or of an experiment that does not belong
   * here.
   */
  #toRecord(text: string, row: number): RunRecord {
    const record = decodeRecord(text);
    const { key } = this.name;
    const belongs =
      this.directory.repeats.length > 0 || key.startsWith(`${experimentPrefix(record.experiment)}/segments/`);
    if (!belongs || !this.#mayBeOf(row, record.id)) throw new RangeError("a record is malformed");
    return record;
  }

  /**
   * Compares the ids only if they are already inflated, because inflating them takes longer than reading some records.
   */
  #mayBeOf(row: number, id: string): boolean {
    if (this.#cells.has("run_id")) return this.idAt(row) === id;
    const { min, max } = this.#columns.get("run_id")!;
    return (min as string) <= id && id <= (max as string);
  }

  #has(column: string): boolean {
    return this.#cells.has(column) || this.#unread.has(column);
  }
}

/** Returns the end of the batch of pages from `start` that is inflated at once. */
function endOfBatch(pages: readonly StoredPage[], start: number): number {
  let next = start;
  for (let bytes = 0; next < pages.length && next < start + PAGES_AT_ONCE; next++) {
    bytes += pages[next]!.size;
    if (next > start && bytes > INFLATED_AT_ONCE) break;
  }
  return next;
}
