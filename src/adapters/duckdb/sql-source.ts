import type { CatalogFiles, MetricsFiles, Series } from "../../index.ts";

interface Call {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The members of a `Ledger` that `openSql` uses. An interface, because TypeScript takes the class `Ledger` of a CommonJS file and that of an
 * ES module for two classes.
 */
export interface SqlSource {
  catalogFiles(options: Call & { readonly experiment?: string | undefined }): Promise<CatalogFiles>;
  metricsFiles(runIds: readonly string[], options: Call): Promise<MetricsFiles>;
  histories(
    runId: string,
    keys: undefined,
    options: Call & { readonly damaged: "skip" },
  ): Promise<ReadonlyMap<string, Series>>;
  iterateRuns(query: { readonly view: "all" }): AsyncIterable<unknown>;
}
