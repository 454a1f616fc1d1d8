export type { StoredTable } from "../artifacts/stored-table.ts";
export type { StoredTensor } from "../artifacts/tensor-file.ts";
export { catalogFiles, type AnyLedger, metricsFiles } from "../ledger/ledger-files.ts";
export type { CatalogFiles, CatalogFilesOptions, CatalogRowText } from "../ledger/catalog-files.ts";
export type { MetricsFile, MetricsFiles } from "../ledger/metrics-files.ts";
export type { StoredFile } from "../ledger/stored-file.ts";
