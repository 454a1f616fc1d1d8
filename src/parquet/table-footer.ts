import { type ChunkLayout, chunksOf, readChunkLayout } from "./chunk-layout.ts";
import { checkFooter, FOOTER_CHECKSUM_KEY } from "./footer-checksum.ts";
import { type ColumnSchema, readFlatSchema } from "./flat-schema.ts";
import { type Fields, malformed, ThriftReader } from "./thrift.ts";

/** Most values of which a footer may consist. One of 12,000 columns has fewer. */
const MAX_VALUES = 600_000;

/** What the footer says of a column in a row group. */
export interface TableChunk extends ChunkLayout {
  /** Of its values in PLAIN, a text without its length; absent where the footer has none. Bounds of texts may be cut short. */
  readonly min?: Uint8Array;
  readonly max?: Uint8Array;
  readonly nulls?: number;
  /** Where its offset index is. */
  readonly index?: { readonly start: number; readonly end: number };
}

export interface TableGroup {
  readonly rows: number;
  /** In the order of the columns. */
  readonly chunks: readonly TableChunk[];
}

export interface TableLayout {
  readonly columns: readonly ColumnSchema[];
  readonly groups: readonly TableGroup[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the footer of a flat table, without its length and magic; it begins at byte `position` of the file. Throws a RangeError
 * for anything else.
 */
export function readTableFooter(footer: Uint8Array, position: number): TableLayout {
  const reader = new ThriftReader(footer, 0, MAX_VALUES);
  const fields = reader.struct();
  if (reader.at !== footer.length) throw malformed();
  const entries = fields.has(5) ? fields.structs(5) : [];
  checkFooter(footer, entries);
  const columns = [...readFlatSchema(fields.structs(2)).values()];
  const groups = fields.structs(4).map((group) => {
    const rows = group.integer(3);
    if (rows < 1) throw malformed();
    const outer = group.structs(1);
    const chunks = chunksOf(group, columns.length).map((metadata, i) => {
      const layout = readChunkLayout(metadata, columns[i]!, rows, position);
      return { ...layout, ...statisticsOf(metadata), ...indexOf(outer[i]!, position) };
    });
    return { rows, chunks };
  });
  const metadata = new Map(
    entries.filter((entry) => entry.text(1) !== FOOTER_CHECKSUM_KEY).map((entry) => [entry.text(1), entry.text(2)]),
  );
  return { columns, groups, metadata };
}

function statisticsOf(metadata: Fields): Pick<TableChunk, "min" | "max" | "nulls"> {
  if (!metadata.has(12)) return {};
  const statistics = metadata.struct(12);
  return {
    ...(statistics.has(6) && { min: statistics.bytes(6) }),
    ...(statistics.has(5) && { max: statistics.bytes(5) }),
    ...(statistics.has(3) && { nulls: statistics.integer(3) }),
  };
}

function indexOf(chunk: Fields, limit: number): Pick<TableChunk, "index"> {
  if (!chunk.has(4)) return {};
  const start = chunk.integer(4);
  const end = start + chunk.integer(5);
  if (start < 4 || end <= start || end > limit) throw malformed();
  return { index: { start, end } };
}
