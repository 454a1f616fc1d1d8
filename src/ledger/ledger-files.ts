import type { CallOptions } from "../backend/backend.ts";
import { invalidArgument, reading } from "../errors/ledger-error.ts";
import type { RunRecord } from "../journal/run-record.ts";
import type { CatalogFiles, CatalogFilesOptions } from "./catalog-files.ts";
import type { MetricsFiles } from "./metrics-files.ts";

/** An open `Ledger`, of this copy of the library or of another one. */
export interface AnyLedger {
  /** Returns the record of a run. */
  getRun(id: string): Promise<RunRecord>;
}

/**
 * What the functions of this file need from a ledger. The ledger may be of another copy of the library, so this
 * interface only grows.
 */
export interface LedgerFiles {
  catalogFiles(options: CatalogFilesOptions | undefined): Promise<CatalogFiles>;
  metricsFiles(runIds: readonly string[] | undefined, options: CallOptions | undefined): Promise<MetricsFiles>;
}

/** The key of the {@link LedgerFiles} of a ledger. All copies of the library share it. */
export const LEDGER_FILES: unique symbol = Symbol.for("runledger.LedgerFiles");

/**
 * Returns the Parquet files of the catalogue, and the rows of the runs that no file holds. A later search may merge
 * small files and remove the parts: then `read` of a removed file rejects with `NOT_FOUND`. Rejects with
 * `INVALID_ARGUMENT` for a `ledger` that is not an open ledger.
 */
export async function catalogFiles(ledger: AnyLedger, options?: CatalogFilesOptions): Promise<CatalogFiles> {
  return await filesOf(ledger).catalogFiles(options);
}

/**
 * Returns the Parquet files with the points of some runs, or of all runs, and the ids of the runs whose points are
 * still in journals. Leaves out ids without a run, and damaged runs: `onError` of the ledger gets their errors. Rejects
 * with `INVALID_ARGUMENT` for a `ledger` that is not an open ledger.
 */
export async function metricsFiles(
  ledger: AnyLedger,
  runIds?: readonly string[],
  options?: CallOptions,
): Promise<MetricsFiles> {
  return await filesOf(ledger).metricsFiles(runIds, options);
}

function filesOf(ledger: unknown): LedgerFiles {
  return reading("ledger", () => {
    const files = (ledger as { readonly [LEDGER_FILES]?: LedgerFiles } | null | undefined)?.[LEDGER_FILES];
    if (files === undefined) throw invalidArgument("ledger", "an open Ledger", ledger);
    return files;
  });
}
