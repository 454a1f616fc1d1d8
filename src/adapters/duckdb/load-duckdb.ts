import type * as DuckDB from "@duckdb/node-api";
import { LedgerError } from "../../index.ts";

/** DuckDB for Node. `UNSUPPORTED` where it is not installed. */
export async function loadDuckdb(): Promise<typeof DuckDB> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    throw new LedgerError("UNSUPPORTED", "openSql needs DuckDB: npm install @duckdb/node-api", {
      operation: "openSql",
      cause,
    });
  }
}
