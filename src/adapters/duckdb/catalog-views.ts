import type { DuckDBConnection } from "@duckdb/node-api";
import type { CatalogFiles } from "../../files/index.ts";
import { literal, parquet } from "./sql-text.ts";

/** The runs that a ledger opened for SQL shows. */
export interface WantedRuns {
  readonly experiment: string | undefined;
  readonly view: "active" | "deleted" | "all";
}

/** Half of a surrogate pair after an even number of backslashes. JSON may escape it, but DuckDB refuses it. */
const LONE = String.raw`((?:^|[^\\])(?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}`;

/**
 * Makes the views of the catalogue, over a table with the newest row of each run. The table is a copy, because
 * compaction later merges and removes the files that it comes from.
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

/**
 * SQL that makes the views over `runledger.catalog (run_id, record JSON)`. Values without a form in JSON are wrapped
 * there: `{"$rl":"f64","v":"NaN"}`, `{"$rl":"int","v":"123"}`, and an object with a key `$rl` as
 * `{"$rl":"obj","v":{…}}`.
 */
const VIEWS: readonly string[] = [
  `CREATE MACRO runledger.kind(j) AS json_extract_string(j, '$."$rl"')`,
  `CREATE MACRO runledger.object(j) AS CASE WHEN runledger.kind(j) = 'obj' THEN json_extract(j, '$.v') ELSE j END`,
  `CREATE MACRO runledger.is_leaf(j) AS
    json_type(j) NOT IN ('OBJECT', 'ARRAY', 'NULL') OR coalesce(runledger.kind(j) IN ('f64', 'int'), false)`,
  // Integers that no DOUBLE can hold exist only as text.
  `CREATE MACRO runledger.number(j) AS CASE
    WHEN json_type(j) IN ('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT', 'UHUGEINT') THEN CAST(j AS DOUBLE)
    WHEN runledger.kind(j) = 'f64' THEN TRY_CAST(json_extract_string(j, '$.v') AS DOUBLE)
    WHEN runledger.kind(j) = 'int' AND TRY_CAST(TRY_CAST(json_extract_string(j, '$.v') AS DOUBLE) AS HUGEINT)
      = TRY_CAST(json_extract_string(j, '$.v') AS HUGEINT) THEN TRY_CAST(json_extract_string(j, '$.v') AS DOUBLE)
    END`,
  // Writes a number as JavaScript does. DuckDB writes JSON's 1e+300 as 1e300, and 2^80 with ".0".
  `CREATE MACRO runledger.digits(t) AS regexp_replace(regexp_replace(t, '\\.0$', ''), 'e(\\d)', 'e+\\1')`,
  `CREATE MACRO runledger.text(j) AS CASE
    WHEN json_type(j) IN ('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT', 'UHUGEINT')
      THEN runledger.digits(CAST(j AS VARCHAR))
    WHEN json_type(j) <> 'OBJECT' THEN json_extract_string(j, '$')
    WHEN runledger.kind(j) = 'int' AND runledger.number(j) IS NOT NULL
      THEN runledger.digits(CAST(to_json(runledger.number(j)) AS VARCHAR))
    WHEN runledger.kind(j) = 'f64' AND json_extract_string(j, '$.v') = '-0' THEN '0'
    ELSE json_extract_string(j, '$.v') END`,
  // NULL for what no Date can hold: the stored numbers may come from anybody.
  `CREATE MACRO runledger.ms(j) AS CASE WHEN abs(TRY_CAST(j AS DOUBLE)) <= 8.64e15
    THEN CAST(round(TRY_CAST(j AS DOUBLE)) AS BIGINT) END`,
  `CREATE MACRO runledger.moment(j) AS epoch_ms(runledger.ms(j)) AT TIME ZONE 'UTC'`,

  `CREATE VIEW runs AS SELECT run_id AS id, record->>'$.name' AS name, record->>'$.experiment' AS experiment,
    record->>'$.status' AS status, runledger.moment(record->'$.startTime') AS start_time,
    runledger.moment(record->'$.endTime') AS end_time,
    runledger.ms(record->'$.endTime') - runledger.ms(record->'$.startTime') AS duration_ms,
    record->>'$.note' AS note, record->>'$.parent' AS parent, record->>'$.group' AS "group",
    record->>'$.jobType' AS job_type, runledger.moment(record->'$.deletedAt') AS deleted_at,
    record->>'$.code.commit' AS "commit", record->>'$.code.branch' AS branch, record->>'$.code.dirty' AS dirty,
    record->>'$.forkOf.run' AS fork_of, TRY_CAST(record->>'$.forkOf.step' AS BIGINT) AS fork_step
    FROM runledger.catalog`,

  // Keys may contain dots, so two leaves may have one path. Then the leaf with less nesting counts, then the first.
  `CREATE VIEW params AS WITH RECURSIVE nodes AS (
      SELECT run_id, e.key AS name, e.value AS node, [e.id] AS place
        FROM runledger.catalog, json_each(runledger.object(record->'$.params')) AS e
      UNION ALL
      SELECT run_id, name || '.' || e.key, e.value, list_append(place, e.id)
        FROM nodes, json_each(runledger.object(node)) AS e
        WHERE json_type(node) IN ('OBJECT', 'ARRAY') AND NOT runledger.is_leaf(node)
    )
    SELECT run_id, name AS key, runledger.text(node) AS value, runledger.number(node) AS number
      FROM nodes WHERE runledger.is_leaf(node)
      QUALIFY row_number() OVER (PARTITION BY run_id, name ORDER BY len(place), place) = 1`,

  `CREATE VIEW tags AS SELECT run_id, key, value->>'$' AS value
    FROM runledger.catalog, json_each(runledger.object(record->'$.tags'))`,

  // The list holds count and mean, then value, step and time of the last, the least, the greatest and the best point.
  `CREATE VIEW metric_summaries AS SELECT run_id, key,
      ${["last", "min", "max"].map((of, i) => `runledger.number(value->'$[${2 + 3 * i}]') AS ${of}`).join(", ")},
      runledger.number(value->'$[1]') AS mean, CAST(value->'$[0]' AS BIGINT) AS count,
      runledger.number(value->'$[11]') AS best
    FROM runledger.catalog, json_each(runledger.object(record->'$.summaries'))`,

  `CREATE VIEW artifacts AS ${["artifacts", "inputs"]
    .map(
      (list) => `SELECT run_id, value->>'$.name' AS name, value->>'$.version' AS version, value->>'$.digest' AS digest,
      CAST(value->'$.size' AS BIGINT) AS size, value->>'$.type' AS type,
      ${list === "inputs" ? "'input'" : "'output'"} AS direction
      FROM runledger.catalog, json_each(record->'$.${list}')`,
    )
    .join(" UNION ALL ")}`,
];
