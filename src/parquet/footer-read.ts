import { CODEC, CONVERTED, REPETITION } from "./thrift-enums.ts";
import type { Fields } from "./thrift-read.ts";

export interface ColumnSchema {
  readonly name: string;
  /** Index among the column chunks of each row group. */
  readonly index: number;
  readonly type: number;
  /** The column may hold nulls, so its pages begin with definition levels. */
  readonly optional: boolean;
  /** The column holds times, in ms since the epoch. */
  readonly isTime: boolean;
}

/**
 * Returns the columns by name, in order. Throws a RangeError for nested columns, repeated columns, or two columns of
 * one name.
 */
export function readFlatSchema(elements: readonly Fields[]): Map<string, ColumnSchema> {
  const leaves = elements.slice(1);
  if (elements[0]?.integer(5) !== leaves.length) throw new RangeError("the schema is not flat");
  const found = new Map<string, ColumnSchema>();
  for (const [index, leaf] of leaves.entries()) {
    const name = leaf.text(4);
    const repetition = leaf.integer(3);
    if (leaf.has(5) || repetition < REPETITION.required || repetition > REPETITION.optional) {
      throw new RangeError("the schema is not flat");
    }
    if (found.has(name)) throw new RangeError("two columns have one name");
    const isTime = leaf.has(6) && leaf.integer(6) === CONVERTED.timestampMillis;
    found.set(name, { name, index, type: leaf.integer(1), optional: repetition === REPETITION.optional, isTime });
  }
  return found;
}

/** Positions in the file of the pages of a column chunk. */
export interface ChunkLayout {
  readonly start: number;
  /** The first data page; after `start` if there is a dictionary. */
  readonly dataStart: number;
  readonly end: number;
  readonly gzip: boolean;
  readonly optional: boolean;
}

/**
 * Returns the metadata of each column chunk of a row group. Throws a RangeError unless there are `width` chunks in this
 * file.
 */
export function chunksOf(group: Fields, width: number): Fields[] {
  const metadata = group.structs(1).map((chunk) => {
    if (chunk.has(1)) throw new RangeError("a column is in another file");
    return chunk.struct(3);
  });
  if (metadata.length !== width) throw new RangeError("it does not have all columns of the schema");
  return metadata;
}

/**
 * Returns the positions of a chunk's pages. Throws a RangeError unless the chunk holds `rows` values of the column and
 * lies before byte `limit` of the file.
 */
export function readChunkLayout(
  metadata: Fields,
  { name, type, optional }: ColumnSchema,
  rows: number,
  limit: number,
): ChunkLayout {
  const fail = (what: string): never => {
    // A name may be as long as the footer.
    throw new RangeError(`column ${name.slice(0, 250)} ${what}`);
  };
  const path = metadata.texts(3);
  if (metadata.integer(1) !== type || path.length !== 1 || path[0] !== name) fail("differs from the schema");
  if (metadata.integer(5) !== rows) fail("has a wrong number of values");
  const codec = metadata.integer(4);
  if (codec !== CODEC.none && codec !== CODEC.gzip) fail(`has codec ${codec}, which is not supported`);
  const dataStart = metadata.integer(9);
  const start = metadata.has(11) ? metadata.integer(11) : dataStart;
  const end = start + metadata.integer(7);
  if (start < 4 || start > dataStart || dataStart >= end || end > limit) fail("is not inside the file");
  return { start, dataStart, end, gzip: codec === CODEC.gzip, optional };
}
