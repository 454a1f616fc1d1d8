import { CODEC, REPETITION } from "./thrift-enums.ts";
import type { Fields } from "./thrift-read.ts";

export interface ColumnSchema {
  readonly name: string;
  /** Place among the column chunks of each row group. */
  readonly index: number;
  readonly type: number;
  /** Pages begin with definition levels. */
  readonly optional: boolean;
}

/** The columns by their names, in order. Throws a RangeError if there are columns in columns, lists, or a name twice. */
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
    if (found.has(name)) throw new RangeError("there are two columns of one name");
    found.set(name, { name, index, type: leaf.integer(1), optional: repetition === REPETITION.optional });
  }
  return found;
}

/** Where the pages of a column in a row group are: bytes of the file. */
export interface ChunkLayout {
  readonly start: number;
  /** The first data page; after `start` if there is a dictionary. */
  readonly dataStart: number;
  readonly end: number;
  readonly gzip: boolean;
  readonly optional: boolean;
}

/** What the footer says of each column chunk of a row group, which are to be `width`. Throws a RangeError otherwise. */
export function chunksOf(group: Fields, width: number): Fields[] {
  const metadata = group.structs(1).map((chunk) => {
    if (chunk.has(1)) throw new RangeError("a column is in another file");
    return chunk.struct(3);
  });
  if (metadata.length !== width) throw new RangeError("it has not as many columns as the schema");
  return metadata;
}

/** Throws a RangeError if it is not a chunk of `rows` values of that column, before byte `limit` of the file. */
export function readChunkLayout(
  metadata: Fields,
  { name, type, optional }: ColumnSchema,
  rows: number,
  limit: number,
): ChunkLayout {
  const fail = (what: string): never => {
    // Names may be as long as the footer.
    throw new RangeError(`column ${name.slice(0, 250)} ${what}`);
  };
  const path = metadata.texts(3);
  if (metadata.integer(1) !== type || path.length !== 1 || path[0] !== name) fail("is not that of the schema");
  if (metadata.integer(5) !== rows) fail("has another number of rows");
  const codec = metadata.integer(4);
  if (codec !== CODEC.none && codec !== CODEC.gzip) fail(`has codec ${codec}, which is not supported`);
  const dataStart = metadata.integer(9);
  const start = metadata.has(11) ? metadata.integer(11) : dataStart;
  const end = start + metadata.integer(7);
  if (start < 4 || start > dataStart || dataStart >= end || end > limit) fail("is not inside the file");
  return { start, dataStart, end, gzip: codec === CODEC.gzip, optional };
}
