import type { Sha256Module } from "../../bytes/digest.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";
import { hasLoneSurrogate } from "../../bytes/well-formed.ts";
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
import { ColumnDigest, type Rest } from "./column-digest.ts";
import { checkDeclared } from "./declared-schema.ts";
import { HashWork } from "./hash-work.ts";

/** The most columns of a table. A column costs a byte of hashing for each row of the table, also without a value. */
const MAX_TABLE_COLUMNS = 10_000;
const MAX_NAME_LENGTH = 250;
/** What a record says of a table. */
export type TableFacts = { readonly digest: string } & Pick<DatasetFacts, "rows" | "columns" | "schema" | "profile">;

/** Collects the columns of a table, and pauses so that the event loop is never blocked for long. */
export class TableDigest {
  readonly #hashing: Sha256Module;
  /** Ends the work when it is aborted. */
  readonly signal: AbortSignal | undefined;
  readonly #columns = new Map<string, ColumnDigest>();
  readonly #work = new HashWork();
  rows = 0;

  constructor(hashing: Sha256Module, signal: AbortSignal | undefined) {
    this.#hashing = hashing;
    this.signal = signal;
  }

  /** Throws `TOO_LARGE` for a number of columns that no table may have. */
  assertRoom(columns: number): void {
    if (columns <= MAX_TABLE_COLUMNS) return;
    const message = `source has more than ${MAX_TABLE_COLUMNS} columns: give numbers as one tensor, or store the file`;
    throw new LedgerError("TOO_LARGE", message, { field: "source" });
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

  /**
   * To be called after each cell or range of cells, with the rest of its addition if there is one. Returns a promise if
   * it is time for a pause.
   */
  pause(rest?: Rest): Promise<void> | undefined {
    if (rest) return this.#complete(rest);
    // A cell without a value is work, too.
    this.#work.values++;
    if (!this.#work.isDue) return undefined;
    this.#work.restart();
    this.signal?.throwIfAborted();
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
      const pause = this.pause(column.end(rows));
      if (pause) await pause;
      hash.update(encoder.encode(column.digestHex()));
      this.signal?.throwIfAborted();
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
    if (hasLoneSurrogate(key))
      throw wrongName(`has a column name that holds half of a surrogate pair: ${JSON.stringify(key.slice(0, 100))}`);
    this.assertRoom(this.#columns.size + 1);
    const isProfiled = this.#columns.size < MAX_DATASET_COLUMNS;
    const column = new ColumnDigest(key, this.#hashing.createSha256(), this.#work, isProfiled);
    this.#columns.set(key, column);
    this.#work.columns = this.#columns.size;
    return column;
  }

  async #complete(rest: Rest): Promise<void> {
    do await this.pause();
    while (rest.next().done !== true);
    await this.pause();
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
