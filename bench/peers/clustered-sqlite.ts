import { statSync } from "node:fs";
import { join } from "node:path";
import { type Database, withSqlite } from "../sqlite-points.ts";

type Open = new (path: string) => Database;

/** Bytes that are left when every page is filled anew. */
export function vacuumedBytes(Database: Open, directory: string): number {
  withSqlite(Database, directory, (database) => {
    database.exec("VACUUM");
    database.pragma("wal_checkpoint(TRUNCATE)");
  });
  return statSync(join(directory, "points.sqlite")).size;
}

/** All points of a key in step order, by a new connection. */
export function readClustered(Database: Open, directory: string, key: string): Float64Array {
  return withSqlite(Database, directory, (database) => {
    const rows = database
      .prepare("SELECT step, time, value FROM points WHERE key = (SELECT id FROM keys WHERE name = ?) ORDER BY step")
      .raw()
      .all(key);
    const steps = new Float64Array(rows.length);
    const times = new Float64Array(rows.length);
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as [number, number, number];
      steps[i] = row[0];
      times[i] = row[1];
      values[i] = row[2];
    }
    return values;
  });
}

/** Least and greatest value of `buckets` equal ranges of steps of a key, or of every key. Gives how many ranges there are. */
export function overviewClustered(
  Database: Open,
  directory: string,
  steps: number,
  buckets: number,
  key?: string,
): number {
  const range = `step / ${Math.ceil(steps / buckets)}`;
  return withSqlite(Database, directory, (database) => {
    const where = key === undefined ? "" : "WHERE key = (SELECT id FROM keys WHERE name = ?)";
    const query = `SELECT key, min(value), max(value) FROM points ${where} GROUP BY key, ${range}`;
    return database
      .prepare(query)
      .raw()
      .all(...(key === undefined ? [] : [key])).length;
  });
}
