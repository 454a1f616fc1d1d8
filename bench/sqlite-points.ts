import { statSync } from "node:fs";
import { join } from "node:path";
import type { LogCall } from "./workloads.ts";

interface Statement {
  run(...values: (number | string)[]): void;
  /** Rows as arrays. */
  raw(): { all(...values: (number | string)[]): (number | string)[][] };
}

export interface Database {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): Statement;
  close(): void;
}

const TRANSACTION_POINTS = 1000;
const FILE = "points.sqlite";

/** How points are laid out: in the order they come, or each key's together by step. */
const TABLES = {
  heap: "CREATE TABLE points (key INTEGER NOT NULL, step INTEGER NOT NULL, time INTEGER NOT NULL, value REAL)",
  clustered:
    "CREATE TABLE points (key INTEGER NOT NULL, step INTEGER NOT NULL, time INTEGER NOT NULL, value REAL, PRIMARY KEY (key, step)) WITHOUT ROWID",
} as const;

/** Opens better-sqlite3. It comes with the benchmarks' own dependencies, so no import that types are checked against. */
export async function loadSqlite(): Promise<new (path: string) => Database> {
  const name = "better-sqlite3";
  const module = (await import(name)) as { default: new (path: string) => Database };
  return module.default;
}

/** Opens what {@link writeSqlite} left in a directory, by a connection of its own. */
export function withSqlite<T>(
  Database: new (path: string) => Database,
  directory: string,
  work: (database: Database) => T,
): T {
  const database = new Database(join(directory, FILE));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** A row for each value, 1,000 a transaction, by prepared statements, with a write-ahead log. */
export function writeSqlite(
  Database: new (path: string) => Database,
  calls: readonly LogCall[],
  directory: string,
  layout: keyof typeof TABLES = "heap",
): { nanoseconds: number; bytes: number } {
  const path = join(directory, FILE);
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.exec("CREATE TABLE keys (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
  database.exec(TABLES[layout]);
  const addKey = database.prepare("INSERT INTO keys VALUES (?, ?)");
  const addPoint = database.prepare("INSERT INTO points VALUES (?, ?, ?, ?)");
  const begin = database.prepare("BEGIN");
  const commit = database.prepare("COMMIT");
  const ids = new Map<string, number>();

  const start = process.hrtime.bigint();
  let inTransaction = 0;
  begin.run();
  for (const { metrics, at } of calls) {
    for (const key in metrics) {
      let id = ids.get(key);
      if (id === undefined) {
        id = ids.size;
        ids.set(key, id);
        addKey.run(id, key);
      }
      addPoint.run(id, at.step, at.time, metrics[key] as number);
      if (++inTransaction === TRANSACTION_POINTS) {
        commit.run();
        begin.run();
        inTransaction = 0;
      }
    }
  }
  commit.run();
  const nanoseconds = Number(process.hrtime.bigint() - start);
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.close();
  return { nanoseconds, bytes: statSync(path).size };
}
