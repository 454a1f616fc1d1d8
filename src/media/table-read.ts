import { setOwn } from "../bytes/dictionary.ts";
import { isError } from "../platform/any-realm.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { inOneGo, inSlices } from "../platform/event-loop.ts";
import { decodeTableInPieces, type TableCell, tableShape } from "../parquet/table-read.ts";
import { MAX_CELLS, MAX_COLUMNS, type TableValue } from "./table.ts";

/** What the run's record states about a table. The file must agree. */
export interface ExpectedTable {
  readonly rows: number;
  readonly columns: number;
  /** Columns, counted from 0, that hold dates. */
  readonly dates: readonly number[];
}

export interface Table {
  /** In order. */
  readonly names: readonly string[];
  /** Cells by the name of the column. */
  readonly columns: { readonly [name: string]: readonly TableValue[] };
  readonly rows: number;
}

/** The most bytes that the pages of a table inflate to. Strings take at most three bytes a character. */
export const MAX_INFLATED_BYTES: number = 256 * 1024 * 1024;
/** The furthest time that a Date can hold, in ms before or after the epoch. */
const MAX_TIME = 8_640_000_000_000_000n;

/**
 * Returns the cells of a Parquet file that `logTable` stored. Throws `CORRUPT` for any other file. Even for hostile
 * bytes, time and memory are in proportion to their number and to `expected`, within the limits of a table, and the
 * pages inflate to at most `mostInflated` bytes.
 */
export function readTable(
  bytes: Uint8Array,
  expected: ExpectedTable,
  mostInflated: number = MAX_INFLATED_BYTES,
): Table {
  try {
    return inOneGo(read(bytes, expected, mostInflated));
  } catch (cause) {
    throw corrupt(cause);
  }
}

/** Does the same in pieces, between which other work runs. */
export async function readTableInPieces(bytes: Uint8Array, expected: ExpectedTable): Promise<Table> {
  return await readInPieces(() => read(bytes, expected, MAX_INFLATED_BYTES), undefined);
}

/**
 * Returns the cells of a Parquet file that `logDataset` stored. As {@link readTableInPieces}, but the file says its
 * size. Rejects with the signal's reason once it is aborted.
 */
export async function readTableFile(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Table> {
  return await readInPieces(() => {
    const { times, ...size } = tableShape(bytes);
    return read(bytes, { ...size, dates: times }, MAX_INFLATED_BYTES);
  }, signal);
}

async function readInPieces(begin: () => Pieces, signal: AbortSignal | undefined): Promise<Table> {
  try {
    return await inSlices(untilAborted(begin(), signal));
  } catch (cause) {
    signal?.throwIfAborted();
    throw corrupt(cause);
  }
}

type Pieces = Generator<void, Table, undefined>;

function* untilAborted(work: Pieces, signal: AbortSignal | undefined): Pieces {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    signal?.throwIfAborted();
    yield;
  }
}

function corrupt(cause: unknown): LedgerError {
  const why = isError(cause) ? cause.message : "damaged";
  return new LedgerError("CORRUPT", `a stored table cannot be read: ${why}`, { cause });
}

function* read(bytes: Uint8Array, { rows, columns: width, dates }: ExpectedTable, mostInflated: number): Pieces {
  if (width > MAX_COLUMNS || rows * width > MAX_CELLS) throw new RangeError("it has more cells than a table may have");
  const found = yield* decodeTableInPieces(bytes, { rows, columns: width, bytes: mostInflated });
  const isDate = new Set(dates);
  const columns: { [name: string]: TableValue[] } = {};
  for (const [i, { name, cells }] of found.entries()) {
    if (isDate.has(i)) yield;
    setOwn(columns, name, isDate.has(i) ? cells.map(toDate) : cells);
  }
  return { names: found.map(({ name }) => name), columns, rows };
}

function toDate(cell: TableCell): Date | null {
  if (cell === null) return null;
  if (typeof cell !== "bigint" || cell > MAX_TIME || cell < -MAX_TIME) {
    throw new RangeError("a column of dates holds something else");
  }
  return new Date(Number(cell));
}
