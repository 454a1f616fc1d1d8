import type * as DuckDB from "@duckdb/node-api";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { catalogFiles, metricsFiles } from "../../files/index.ts";
import { LedgerError } from "../../index.ts";
import { FileCopies } from "./file-copies.ts";
import { FilePaths } from "./file-paths.ts";
import { type WantedRuns, loadCatalog } from "./catalog-views.ts";
import { loadPoints } from "./load-points.ts";
import type { SqlSource } from "./sql-source.ts";
import { type SqlParameters, type SqlValue, plainRow, toParameters } from "./values.ts";

/** Options of `openSql`. */
export interface OpenSqlOptions {
  /** Only runs of this experiment. Default: all. */
  readonly experiment?: string | undefined;
  /** Which runs to show. Default `"active"`: runs that are not deleted. */
  readonly view?: "active" | "deleted" | "all" | undefined;
  /** Whether to make the view `metrics`, which needs a list of every object of the ledger. Default `true`. */
  readonly metrics?: boolean | undefined;
  /** The greatest number of bytes to copy when DuckDB cannot read the backend in place. Default 1 GiB. */
  readonly maxCopyBytes?: number | undefined;
  /** The path of DuckDB's extension `httpfs`, which reads buckets. Default: DuckDB downloads it the first time. */
  readonly httpfs?: string | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

/** A row of a result: the values by the names of their columns. */
export type SqlRow = { readonly [column: string]: SqlValue };

/** A ledger as tables, as it was when `openSql` resolved. `docs/engines.md` lists the columns. */
export interface LedgerSql extends AsyncDisposable {
  /** DuckDB's own connection. `close` closes it. */
  readonly connection: DuckDBConnection;
  /**
   * `"in place"`: DuckDB reads the ledger's own Parquet files. `"copies"`: some files were copied to a temporary
   * directory.
   */
  readonly reads: "in place" | "copies";
  /**
   * Returns the rows of a query. Rejects with `INVALID_ARGUMENT` for SQL that DuckDB refuses, and with `IO` if DuckDB
   * cannot read the ledger. `IO` also follows when a run was resumed and finished, because its points are then in other
   * files: open the ledger again.
   */
  query<Row extends object = SqlRow>(sql: string, params?: SqlParameters): Promise<Row[]>;
  /** Closes the connection and removes the copies. Closing twice is fine. */
  close(): Promise<void>;
}

/**
 * Whether each attempt reads in place. After a failure the files are listed again, because others may have merged them.
 * Before the first copies, the library reads the runs itself, which repairs the catalogue.
 */
const ATTEMPTS = [true, true, true, false, false] as const;
const MAX_COPY_BYTES: number = 1024 * 1024 * 1024;

/**
 * Opens a ledger for SQL with DuckDB, as the views `runs`, `params`, `tags`, `metrics`, `metric_summaries` and
 * `artifacts`. DuckDB reads directories in place, and buckets too if it has `httpfs`. All other files are copied to a
 * temporary directory. Rejects with `TOO_LARGE` if the copies take more than `maxCopyBytes`, and with `UNSUPPORTED` if
 * the package `@duckdb/node-api` is not installed.
 */
export async function openSql(ledger: SqlSource, given?: OpenSqlOptions): Promise<LedgerSql> {
  checkLedger(ledger);
  const options = copyOptions(given);
  const { view = "active", metrics = true, maxCopyBytes = MAX_COPY_BYTES, signal } = options;
  if (view !== "active" && view !== "deleted" && view !== "all")
    throw new LedgerError("INVALID_ARGUMENT", 'view must be "active", "deleted" or "all"', { field: "view" });
  if (typeof maxCopyBytes !== "number" || !(maxCopyBytes >= 0))
    throw new LedgerError("INVALID_ARGUMENT", "maxCopyBytes must be a number of bytes", { field: "maxCopyBytes" });
  const { DuckDBInstance } = await loadDuckdb();
  for (let attempt = 0; ; attempt++) {
    const opening = new Opening(await DuckDBInstance.create(":memory:"), options, maxCopyBytes);
    try {
      if (!ATTEMPTS[attempt]) for await (const _ of ledger.iterateRuns({ view: "all" })) signal?.throwIfAborted();
      await opening.load(ledger, { experiment: options.experiment, view }, metrics, ATTEMPTS[attempt]!);
      return opening;
    } catch (error) {
      await opening.close();
      if (signal?.aborted) throw signal.reason;
      const failure = toLedgerError(error, "openSql");
      const again = failure.code === "IO" || failure.code === "NOT_FOUND" || failure.code === "INVALID_ARGUMENT";
      if (!again || LedgerError.hasCode(error, "INVALID_ARGUMENT") || attempt === ATTEMPTS.length - 1) throw failure;
    }
  }
}

const NAMES: { readonly [K in keyof Required<OpenSqlOptions>]: true } = {
  experiment: true,
  view: true,
  metrics: true,
  maxCopyBytes: true,
  httpfs: true,
  signal: true,
};

function copyOptions(given: OpenSqlOptions = {}): OpenSqlOptions {
  let options: OpenSqlOptions;
  try {
    options = { ...given };
  } catch (cause) {
    throw new LedgerError("INVALID_ARGUMENT", "options cannot be read", { field: "options", cause });
  }
  if (typeof given !== "object" || given === null)
    throw new LedgerError("INVALID_ARGUMENT", "options must be an object", { field: "options" });
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(NAMES, name)) continue;
    const known = Object.keys(NAMES).join(", ");
    const message = `openSql does not know the option ${JSON.stringify(name.slice(0, 100))}, only ${known}`;
    throw new LedgerError("UNSUPPORTED", message, { field: name.slice(0, 100) });
  }
  return options;
}

function checkLedger(ledger: unknown): void {
  let found = `is of type ${typeof ledger}`;
  try {
    const { histories, then } = (ledger ?? {}) as { histories?: unknown; then?: unknown };
    if (typeof histories === "function") return;
    if (typeof then === "function") found = "is a Promise: await openLedger() first";
  } catch {
    found = "cannot be read: a getter or a proxy throws";
  }
  throw new LedgerError("INVALID_ARGUMENT", `ledger must be an open Ledger, but ${found}`, { field: "ledger" });
}

class Opening implements LedgerSql {
  readonly #instance: DuckDBInstance;
  readonly #copies: FileCopies;
  readonly #options: OpenSqlOptions;
  #connection: DuckDBConnection | undefined;
  #paths: FilePaths | undefined;
  #closed = false;

  constructor(instance: DuckDBInstance, options: OpenSqlOptions, maxCopyBytes: number) {
    this.#instance = instance;
    this.#options = options;
    this.#copies = new FileCopies(maxCopyBytes);
  }

  async load(ledger: SqlSource, wanted: WantedRuns, metrics: boolean, inPlace: boolean): Promise<void> {
    const { signal, httpfs } = this.#options;
    const call = signal ? { signal } : {};
    const { experiment } = wanted;
    const connection = (this.#connection = await this.#instance.connect());
    const paths = (this.#paths = new FilePaths(connection, this.#copies, httpfs));
    const catalog = await catalogFiles(ledger, { ...call, ...(experiment !== undefined && { experiment }) });
    await loadCatalog(connection, catalog, await paths.of(catalog.segments, inPlace, signal), wanted);
    if (!metrics) return;
    const ids = await connection.runAndReadAll("SELECT run_id FROM runledger.catalog ORDER BY run_id");
    const points = await metricsFiles(
      ledger,
      ids.getRows().map(([id]) => id as string),
      call,
    );
    await loadPoints(connection, ledger, await paths.of(points.files, inPlace, signal), points.journaled, signal);
  }

  get connection(): DuckDBConnection {
    return this.#connection!;
  }

  get reads(): "in place" | "copies" {
    return this.#paths!.copied ? "copies" : "in place";
  }

  async query<Row extends object = SqlRow>(sql: string, params: SqlParameters = []): Promise<Row[]> {
    if (this.#closed) throw new LedgerError("CLOSED", "query: this SQL connection was closed", { operation: "query" });
    if (typeof sql !== "string") throw new LedgerError("INVALID_ARGUMENT", "sql must be text", { field: "sql" });
    const values = toParameters(params);
    try {
      await this.#paths!.refresh(undefined);
      const reader = await this.connection.runAndReadAll(sql, values);
      const columns = reader.deduplicatedColumnNames();
      return reader.getRowsJS().map((row) => plainRow(columns.map((column, i) => [column, row[i]])) as Row);
    } catch (error) {
      throw toLedgerError(error, "query");
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection?.closeSync();
    this.#instance.closeSync();
    await this.#copies.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Returns DuckDB for Node. Rejects with `UNSUPPORTED` if it is not installed. */
async function loadDuckdb(): Promise<typeof DuckDB> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    throw new LedgerError("UNSUPPORTED", "openSql needs DuckDB: npm install @duckdb/node-api", {
      operation: "openSql",
      cause,
    });
  }
}

/** Returns an error of DuckDB as a `LedgerError`: `IO` for files and the network, `INVALID_ARGUMENT` for the SQL. */
function toLedgerError(error: unknown, operation: string): LedgerError {
  if (LedgerError.is(error)) return error;
  const message = String((error as Partial<Error> | null | undefined)?.message ?? error);
  if (isOutside(message)) return new LedgerError("IO", `DuckDB: ${message}`, { operation, cause: error });
  return new LedgerError("INVALID_ARGUMENT", `DuckDB: ${message}`, { field: "sql", operation, cause: error });
}

/** Returns whether a message is about files that no longer exist, or a bucket that does not answer. */
function isOutside(message: string): boolean {
  return /^(IO|HTTP|Network|Connection|Permission|Out of Memory|Serialization|INTERNAL) ?Error/i.test(message);
}
