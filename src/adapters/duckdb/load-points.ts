import type { DuckDBConnection } from "@duckdb/node-api";
import { LedgerError, type Series } from "../../index.ts";
import type { SqlSource } from "./sql-source.ts";
import { parquet } from "./sql-text.ts";

/** The most points that are copied from journals. */
const MAX_POINTS = 20_000_000;

/** Makes the view `metrics` over Parquet files, and over a table with the points that are still in journals. */
export async function loadPoints(
  connection: DuckDBConnection,
  ledger: SqlSource,
  files: readonly string[],
  journaled: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await connection.run(
    `CREATE TABLE runledger.points (run_id VARCHAR, key VARCHAR, step BIGINT, "time" TIMESTAMPTZ, value DOUBLE)`,
  );
  let room = MAX_POINTS;
  for (const runId of journaled) {
    signal?.throwIfAborted();
    const series = await ledger.histories(runId, undefined, { damaged: "skip", ...(signal && { signal }) });
    for (const { values } of series.values()) room -= values.length;
    if (room < 0) {
      throw new LedgerError(
        "TOO_LARGE",
        `the journals of ${journaled.length} runs hold more than ${MAX_POINTS} points: ` +
          "open one experiment, or without metrics",
        { operation: "openSql" },
      );
    }
    await append(connection, runId, series);
  }
  const own = "SELECT run_id, key, step, time, value FROM runledger.points";
  const stored = files.length === 0 ? "" : `SELECT run_id, key, step, time, value FROM ${parquet(files)} UNION ALL `;
  await connection.run(`CREATE VIEW metrics AS ${stored}${own}`);
}

async function append(
  connection: DuckDBConnection,
  runId: string,
  histories: ReadonlyMap<string, Series>,
): Promise<void> {
  const { DuckDBTimestampTZValue } = await import("@duckdb/node-api");
  const rows = await connection.createAppender("points", "runledger");
  for (const [key, { steps, times, values }] of histories) {
    for (let i = 0; i < values.length; i++) {
      rows.appendVarchar(runId);
      rows.appendVarchar(key);
      rows.appendBigInt(BigInt(steps[i]!));
      rows.appendTimestampTZ(new DuckDBTimestampTZValue(BigInt(Math.round(times[i]!)) * 1000n));
      rows.appendDouble(values[i]!);
      rows.endRow();
    }
  }
  rows.closeSync();
}
