export { openSql } from "./open-sql.ts";
export type { LedgerSql, OpenSqlOptions, SqlRow } from "./open-sql.ts";
export type { SqlSource } from "./sql-source.ts";
export type { SqlParameter, SqlParameters, SqlValue } from "./values.ts";
