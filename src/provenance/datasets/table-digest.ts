import { toWellFormed } from "../../bytes/well-formed.ts";
import type { Sha256Module } from "../../bytes/digest.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { setOwn } from "../../bytes/dictionary.ts";
import {
  type ColumnProfile,
  type DatasetColumn,
  type DatasetFacts,
  MAX_DATASET_COLUMNS,
} from "../../journal/recorded-dataset.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import { compareCodeUnits } from "./code-units.ts";
import { ColumnDigest } from "./column-digest.ts";
import { checkDeclared } from "./declared-schema.ts";

/** The most columns of a table. */
export const MAX_TABLE_COLUMNS = 65_536;
const MAX_NAME_LENGTH = 250;
/** The bytes that all columns together may gather before they are hashed, and those of one column. */
const GATHERED_BYTES: number = 64 * 1024 * 1024;
const COLUMN_BYTES: number = 64 * 1024;
/** How many cells, and how many bytes of them, are hashed before the work looks whether it has to pause. */
const CELLS_AT_ONCE = 1024;
const BYTES_AT_ONCE: number = 512 * 1024;

/** What a record says of a table. */
export type TableFacts = { readonly digest: string } & Pick<DatasetFacts, "rows" | "columns" | "schema" | "profile">;

/** Collects the columns of a table, and pauses so that the event loop is never blocked for long. */
export class TableDigest {
  readonly #hashing: Sha256Module;
  readonly #signal: AbortSignal | undefined;
  readonly #columns = new Map<string, ColumnDigest>();
  readonly #names = new Set<string>();
  readonly #hashed = {
    total: 0,
    room: (): number => Math.min(COLUMN_BYTES, GATHERED_BYTES / this.#columns.size),
  };
  #cells = 0;
  #bytes = 0;
  rows = 0;

  constructor(hashing: Sha256Module, signal: AbortSignal | undefined) {
    this.#hashing = hashing;
    this.#signal = signal;
  }

  /** Returns the column of a name, which is made if it is new. */
  column(key: string): ColumnDigest {
    return this.#columns.get(key) ?? this.#add(key);
  }

  /** Returns a new column. Throws if there is one of that name. */
  newColumn(key: string): ColumnDigest {
    if (this.#columns.has(key)) throw wrongName(`repeats the column ${JSON.stringify(key.slice(0, 100))}`);
    return this.#add(key);
  }

  /** To be called after each cell or range of cells. Returns a promise if it is time for a pause. */
  pause(cells = 1): Promise<void> | undefined {
    this.#cells += cells;
    const { total } = this.#hashed;
    if (this.#cells < CELLS_AT_ONCE && total < this.#bytes + BYTES_AT_ONCE) return undefined;
    this.#cells = 0;
    this.#bytes = total;
    this.#signal?.throwIfAborted();
    return breakIfDue();
  }

  /** Returns the digest of the table, and what is known of its columns. */
  async facts(declared: readonly DatasetColumn[] | undefined): Promise<TableFacts> {
    const { rows } = this;
    const columns = [...this.#columns.values()];
    if (declared) checkDeclared(declared, columns);
    const hash = this.#hashing.createSha256();
    const full = columns.filter((column) => !column.isEmpty).sort((a, b) => compareCodeUnits(a.name, b.name));
    hash.update(encoder.encode("runledger table 1\n"));
    hash.update(count(rows));
    hash.update(count(full.length));
    for (const column of full) {
      const name = encoder.encode(column.name);
      hash.update(count(name.length));
      hash.update(name);
      hash.update(encoder.encode(column.digestHex(rows)));
      await breakIfDue();
    }
    const profile: { [column: string]: ColumnProfile } = {};
    for (const column of columns) {
      const own = column.profile(rows);
      if (own) setOwn(profile, column.name, own);
    }
    const schema = declared ?? columns.map(({ name, type }) => ({ name, type }));
    return {
      digest: `table-sha256:${hash.digestHex()}`,
      rows,
      ...(columns.length > MAX_DATASET_COLUMNS && { columns: columns.length }),
      schema: schema.slice(0, MAX_DATASET_COLUMNS),
      profile,
    };
  }

  #add(key: string): ColumnDigest {
    if (key === "") throw wrongName("has a column without a name");
    if (key.length > MAX_NAME_LENGTH) throw wrongName(`has a column name of more than ${MAX_NAME_LENGTH} characters`);
    const name = toWellFormed(key);
    if (this.#names.has(name)) throw wrongName(`repeats the column ${JSON.stringify(name.slice(0, 100))}`);
    if (this.#columns.size === MAX_TABLE_COLUMNS) {
      throw new LedgerError("TOO_LARGE", `source has more than ${MAX_TABLE_COLUMNS} columns`, { field: "source" });
    }
    const isProfiled = this.#columns.size < MAX_DATASET_COLUMNS;
    const column = new ColumnDigest(name, this.#hashing.createSha256(), this.#hashed, isProfiled);
    this.#names.add(name);
    this.#columns.set(key, column);
    return column;
  }
}

const encoder = /* @__PURE__ */ utf8Encoder();

/** Returns a number as 8 bytes. */
function count(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, value % 2 ** 32, true);
  view.setUint32(4, Math.floor(value / 2 ** 32), true);
  return new Uint8Array(view.buffer);
}

function wrongName(why: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `source ${why}`, { field: "source" });
}
