import type { DuckDBConnection } from "@duckdb/node-api";
import type { CatalogFiles } from "../../files/index.ts";
import { VIEWS } from "./catalog-views.ts";
import { literal, parquet } from "./sql-text.ts";

/** Which runs are wanted. */
export interface WantedRuns {
  readonly experiment: string | undefined;
  readonly view: "active" | "deleted" | "all";
}

/** Half of a surrogate pair, which JSON may escape and DuckDB refuses; behind an even number of backslashes. */
const LONE = String.raw`((?:^|[^\\])(?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}`;

/**
 * Makes the views of the catalogue, over a table with the newest row of each run. It is a copy: the files it comes from are put together
 * with others, and removed, as time goes by.
 */
export async function loadCatalog(
  connection: DuckDBConnection,
  { superseded, loose }: Pick<CatalogFiles, "superseded" | "loose">,
  segments: readonly string[],
  { experiment, view }: WantedRuns,
): Promise<void> {
  const columns = "run_id VARCHAR, document BIGINT, marker BIGINT, record VARCHAR";
  await connection.run("CREATE SCHEMA runledger");
  await connection.run(`CREATE TEMP TABLE loose_rows (${columns})`);
  await connection.run("CREATE TEMP TABLE superseded_runs (run_id VARCHAR)");
  const ids = await connection.createAppender("superseded_runs");
  for (const id of superseded) {
    ids.appendVarchar(id);
    ids.endRow();
  }
  ids.closeSync();
  const rows = await connection.createAppender("loose_rows");
  for (const { run_id, document, marker, record } of loose) {
    rows.appendVarchar(run_id);
    rows.appendBigInt(BigInt(document));
    rows.appendBigInt(BigInt(marker));
    rows.appendVarchar(record);
    rows.endRow();
  }
  rows.closeSync();

  const stored =
    segments.length === 0
      ? ""
      : `SELECT run_id, document, marker, CAST(record AS VARCHAR) AS record FROM ${parquet(segments)}
         WHERE run_id NOT IN (SELECT run_id FROM superseded_runs) UNION ALL`;
  const lone = `${literal(LONE)}, ${literal("\\1\\\\ufffd")}, 'g'`;
  const wanted = [
    experiment === undefined ? "true" : `(record->>'$.experiment') = ${literal(experiment)}`,
    view === "all" ? "true" : `(record->'$.deletedAt') IS ${view === "active" ? "NULL" : "NOT NULL"}`,
  ];
  await connection.run(`CREATE TABLE runledger.catalog AS
    WITH stored AS (${stored} SELECT run_id, document, marker, record FROM loose_rows),
    newest AS (
      SELECT run_id, record FROM stored
      QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY document DESC, marker DESC) = 1
    ),
    readable AS (
      SELECT run_id, CAST(CASE WHEN json_valid(record) THEN record
        ELSE regexp_replace(regexp_replace(record, ${lone}), ${lone}) END AS JSON) AS record FROM newest
    )
    SELECT run_id, record FROM readable WHERE ${wanted.join(" AND ")}`);
  await connection.run("DROP TABLE loose_rows");
  await connection.run("DROP TABLE superseded_runs");
  for (const statement of VIEWS) await connection.run(statement);
}
