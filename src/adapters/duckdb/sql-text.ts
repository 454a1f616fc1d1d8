/** A text as a literal of SQL, whatever is in it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A table function over Parquet files; `key=value` in a path makes no column. */
export function parquet(paths: readonly string[]): string {
  return `read_parquet([${paths.map(literal).join(", ")}], hive_partitioning = false)`;
}
