import { breakIfDue, inOneGo, inSlices } from "../platform/event-loop.ts";
import { utf8Decoder } from "../bytes/utf8.ts";
import type { WrittenChunk } from "../parquet/footer-write.ts";
import { CODEC, TYPE } from "../parquet/thrift-enums.ts";
import type { PageLocation } from "../parquet/column-chunk-write.ts";
import { PagedTableWriter } from "../parquet/paged-table-write.ts";
import type { CatalogRow } from "./catalog-row.ts";
import { ColumnsBuilder } from "./columns-builder.ts";
import {
  type Amendment,
  type ColumnEntry,
  type ColumnType,
  type Directory,
  encodeDirectory,
  type RepeatedSegment,
} from "./segment-directory.ts";
import { NO_LINEAGE, type SegmentLineage } from "./segment-lineage.ts";
import { encodeRecord } from "./record-json.ts";
import type { CopiedRows } from "./copied-rows.ts";
import { MAX_SEGMENT_BYTES, MAX_SEGMENT_CELLS, MAX_SEGMENT_ROWS, MAX_SEGMENT_TEXT_BYTES } from "./segment-limits.ts";
import { byteStream } from "../backend/body.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { createEmpty, segmentedKey } from "./catalog-entry.ts";
import { jointKey, nameOf, segmentKey } from "./segment-name.ts";

/** The name of the column with the records, as JSON. */
export const RECORD = "record";
/** The number of bytes that are handed on at once. */
const PIECE_BYTES: number = 1024 * 1024;

/** Writes the segment `key` row by row. The memory that it needs does not grow with the size of the records. */
export class SegmentWriter {
  readonly #key: string;
  readonly #columns = new ColumnsBuilder();
  readonly #file = new PagedTableWriter(RECORD);
  readonly #amends: Amendment[] = [];
  readonly #lineage: SegmentLineage;
  readonly #repeats: readonly RepeatedSegment[];

  constructor(key: string, lineage: SegmentLineage = NO_LINEAGE, repeats: readonly RepeatedSegment[] = []) {
    this.#key = key;
    this.#lineage = lineage;
    this.#repeats = repeats;
  }

  get rows(): number {
    return this.#columns.rows;
  }

  get isFull(): boolean {
    const { rows, cells, textLength } = this.#columns;
    if (rows >= MAX_SEGMENT_ROWS || cells >= MAX_SEGMENT_CELLS) return true;
    // A code unit takes at most three bytes.
    return this.#file.size >= MAX_SEGMENT_BYTES || 3 * textLength >= MAX_SEGMENT_TEXT_BYTES;
  }

  /** Adds rows. Returns bytes to store when there are enough. */
  add(added: CatalogRow | CopiedRows): Uint8Array | undefined {
    const before = this.#file.size;
    if ("record" in added) this.#addRow(added);
    else this.#addStored(added);
    const piece = Math.floor(this.#file.size / PIECE_BYTES) > Math.floor(before / PIECE_BYTES);
    return piece ? this.#file.take() : undefined;
  }

  #addRow(row: CatalogRow): void {
    const { record, document, marker } = row;
    this.#file.add(encodeRecord(record));
    this.#columns.add(row);
    this.#amend(record.id, document, marker);
  }

  #addStored({ source, rows, records }: CopiedRows): void {
    if ("gzip" in records) this.#file.copyPage(records.gzip, records.rows, records.size);
    else for (const text of records) this.#file.add(text);
    for (const row of rows) {
      const { id, document, marker } = this.#columns.addStored(source, row);
      this.#amend(id, document, marker);
    }
  }

  #amend(id: string, document: number, marker: number): void {
    if (document > 1 || marker > 0) this.#amends.push([id, document, marker]);
  }

  /** Returns the rest of the bytes. */
  end(): Uint8Array {
    return inOneGo(this.endInPieces());
  }

  /** Does what {@link end} does. Yields where it may be interrupted. */
  *endInPieces(): Generator<void, Uint8Array, void> {
    const { rows, incomplete } = this.#columns;
    const more = { amends: this.#amends, incomplete, ...this.#lineage, repeats: this.#repeats };
    yield* this.#file.endInPieces(this.#columns.columns(), (chunks, pages) =>
      encodeDirectory(this.#key, describe(rows, chunks, pages, more)),
    );
    return this.#file.take();
  }
}

/** Returns the directory of a written segment. */
export function describe(
  rows: number,
  chunks: readonly WrittenChunk[],
  pages: readonly PageLocation[],
  more: Pick<Directory, "amends" | "incomplete" | "peers" | "replaces" | "repeats">,
): Directory {
  const records = {
    start: pages[0]!.start,
    sizes: pages.map(({ size }) => size),
    rows: pages.map(({ firstRow }, i) => (pages[i + 1]?.firstRow ?? rows) - firstRow),
  };
  return { rows, columns: chunks.map(toEntry), records, ...more };
}

const TYPES: Readonly<Record<number, ColumnType>> = {
  [TYPE.double]: "double",
  [TYPE.int64]: "int64",
  [TYPE.boolean]: "boolean",
  [TYPE.byteArray]: "string",
};

function toEntry({ element, start, size, gzip, statistics }: WrittenChunk): ColumnEntry {
  const { min, max, nulls } = statistics;
  const type = TYPES[element.type]!;
  const entry = { name: element.name, type, start, size, codec: gzip ? CODEC.gzip : CODEC.none, nulls };
  if (min === undefined || max === undefined || type === "boolean") return entry;
  return { ...entry, min: toBound(min, type), max: toBound(max, type) };
}

function toBound(bytes: Uint8Array, type: ColumnType): number | string {
  if (type === "string") return utf8Decoder().decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return type === "double" ? view.getFloat64(0, true) : Number(view.getBigInt64(0, true));
}

/**
 * Stores rows as segments of an experiment, as one if they fit, and returns their keys. After the first segments of an
 * experiment, creates the object that says that the experiment has segments. The segments survive a power cut, so the
 * caller may remove the objects that they replace.
 */
export async function storeRows(
  { backend, newId }: Pick<CatalogContext, "backend" | "newId">,
  prefix: string,
  generation: number,
  rows: AsyncIterable<CatalogRow | CopiedRows>,
  signal: AbortSignal | undefined,
  lineage: SegmentLineage = NO_LINEAGE,
): Promise<string[]> {
  const keys: string[] = [];
  const source = rows[Symbol.asyncIterator]();
  try {
    for (let next = await source.next(); !next.done;) {
      const key = segmentKey(prefix, generation, newId());
      const writer = new SegmentWriter(key, {
        ...lineage,
        peers: [...lineage.peers, ...keys.map((each) => nameOf({ key: each }))],
      });
      const bytes = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        while (!next.done && !writer.isFull) {
          const piece = writer.add(next.value);
          if (piece) yield piece;
          await breakIfDue();
          next = await source.next();
        }
        yield await inSlices(writer.endInPieces());
      };
      await backend.create(key, byteStream(bytes()), { durable: true, ...(signal && { signal }) });
      keys.push(key);
    }
  } finally {
    await source.return?.();
  }
  const call = { durable: true, ...(signal && { signal }) };
  if (keys.length > 0 && generation === 1) await createEmpty(backend, segmentedKey(prefix), call);
  return keys;
}

/** Stores rows as a joint segment. They are those of the segments that it repeats, in this order. */
export async function storeJoint(
  { backend, newId }: Pick<CatalogContext, "backend" | "newId">,
  generation: number,
  repeats: readonly RepeatedSegment[],
  rows: AsyncIterable<CatalogRow | CopiedRows>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = jointKey(generation, newId());
  const writer = new SegmentWriter(key, NO_LINEAGE, repeats);
  const bytes = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const row of rows) {
      const piece = writer.add(row);
      if (piece) yield piece;
      await breakIfDue();
    }
    yield await inSlices(writer.endInPieces());
  };
  await backend.create(key, byteStream(bytes()), { durable: true, ...(signal && { signal }) });
}
