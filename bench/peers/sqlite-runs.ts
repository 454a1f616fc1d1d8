import { join } from "node:path";
import type { RunRecord } from "../../src/index.ts";
import { withSqlite, type Database } from "../sqlite-points.ts";

const FILE = "points.sqlite";

/** How runs are laid out: a column a param and a metric, indexed where the question asks; or a row a value, as MLflow's store has it. */
export type Layout = "wide" | "keyed";

/** Writes runs into a database of its own. */
export async function writeSqliteRuns(
  Database: new (path: string) => Database,
  directory: string,
  layout: Layout,
  records: Iterable<RunRecord>,
): Promise<void> {
  const database = new Database(join(directory, FILE));
  try {
    database.pragma("journal_mode = WAL");
    let insert: ((record: RunRecord) => void) | undefined;
    database.exec("BEGIN");
    for (const record of records) (insert ??= prepare(database, layout, record))(record);
    database.exec("COMMIT");
    database.exec(layout === "wide" ? "CREATE INDEX asked ON runs (p1, m3)" : KEYED_INDEXES);
    database.exec("ANALYZE");
  } finally {
    database.close();
  }
}

const KEYED_INDEXES =
  "CREATE INDEX params_by_value ON params (key, value, id); CREATE INDEX metrics_by_value ON metrics (key, value, id);";

function prepare(database: Database, layout: Layout, first: RunRecord): (record: RunRecord) => void {
  const params = Object.keys(first.params);
  const metrics = Object.keys(first.metrics);
  if (layout === "wide") {
    const columns = [...params.map((key) => `${key}`), ...metrics.map((key) => `${key} REAL`)];
    database.exec(`CREATE TABLE runs (id TEXT PRIMARY KEY, start INTEGER, ${columns.join(", ")}, record TEXT)`);
    const marks = Array.from({ length: columns.length + 3 }, () => "?").join(", ");
    const statement = database.prepare(`INSERT INTO runs VALUES (${marks})`);
    return (record) =>
      statement.run(
        record.id,
        record.startTime,
        ...params.map((key) => record.params[key] as number | string),
        ...metrics.map((key) => record.metrics[key]!.last.value),
        JSON.stringify(record),
      );
  }
  database.exec(`
    CREATE TABLE runs (id TEXT PRIMARY KEY, start INTEGER, record TEXT);
    CREATE TABLE params (id TEXT, key TEXT, value, PRIMARY KEY (id, key)) WITHOUT ROWID;
    CREATE TABLE metrics (id TEXT, key TEXT, value REAL, PRIMARY KEY (id, key)) WITHOUT ROWID;`);
  const run = database.prepare("INSERT INTO runs VALUES (?, ?, ?)");
  const param = database.prepare("INSERT INTO params VALUES (?, ?, ?)");
  const metric = database.prepare("INSERT INTO metrics VALUES (?, ?, ?)");
  return (record) => {
    run.run(record.id, record.startTime, JSON.stringify(record));
    for (const key of params) param.run(record.id, key, record.params[key] as number | string);
    for (const key of metrics) metric.run(record.id, key, record.metrics[key]!.last.value);
  };
}

const QUESTIONS: Record<Layout, string> = {
  wide: "SELECT record FROM runs WHERE p1 = ? AND m3 < ? ORDER BY m7 DESC, start DESC LIMIT 20",
  keyed: `SELECT record FROM runs
    JOIN params ON params.id = runs.id AND params.key = 'p1' AND params.value = ?
    JOIN metrics asked ON asked.id = runs.id AND asked.key = 'm3' AND asked.value < ?
    JOIN metrics ordered ON ordered.id = runs.id AND ordered.key = 'm7'
    ORDER BY ordered.value DESC, start DESC LIMIT 20`,
};

/** The records that answer the question, by a connection of its own. */
export function searchSqliteRuns(
  Database: new (path: string) => Database,
  directory: string,
  layout: Layout,
  p1: number,
): RunRecord[] {
  return withSqlite(Database, directory, (database) =>
    database
      .prepare(QUESTIONS[layout])
      .raw()
      .all(p1, 0.5)
      .map(([text]) => JSON.parse(String(text)) as RunRecord),
  );
}
