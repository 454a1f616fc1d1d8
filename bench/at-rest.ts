import { answer, isMain, runChild } from "./child.ts";
import { writeJsonLines } from "./json-lines.ts";
import { writeOwnRun } from "./own-run.ts";
import { vacuumedBytes } from "./peers/clustered-sqlite.ts";
import { longPoints, writeHyparquetDefaults } from "./peers/hyparquet-defaults.ts";
import { loadParquetJs, writeParquetJs } from "./peers/parquetjs.ts";
import { type PythonOutcome, runPython } from "./peers/python.ts";
import { gzipJsonLines } from "./peers/read-json-lines.ts";
import { writeTfevents } from "./peers/tfevents.ts";
import type { Section, Target } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { loadSqlite, writeSqlite } from "./sqlite-points.ts";
import { median, rangeOf } from "./statistics.ts";
import { nanosecondsOf } from "./timing.ts";
import { DESCRIPTIONS, logCalls, makeWorkload, type Workload, type WorkloadName } from "./workloads.ts";

const ROUNDS = 3;
const LIMITS: Record<WorkloadName, { readonly rest: number; readonly running: number }> = {
  W1: { rest: 3, running: 5.6 },
  W2: { rest: 6.9, running: 8.8 },
  W3: { rest: 4.3, running: 4.4 },
};
const GZIP_LEVEL = 6;
/** Python's writers take up to a minute for a million points, so they get fewer, once. */
const PYTHON_POINTS = 100_000;
const PYTHON_PEERS = {
  "wandb offline": new URL("python/wandb_offline.py", import.meta.url),
  "tensorboardX (float32 only)": new URL("python/tensorboardx_events.py", import.meta.url),
};

const LABELS = {
  own: "log() to finish()",
  jsonLines: "JSON lines, JSON.stringify",
  jsonLinesGzip: `the same and gzip, level ${GZIP_LEVEL}`,
  sqlite: "better-sqlite3, PRIMARY KEY (key, step) WITHOUT ROWID",
  tfevents: "TensorBoard event file, own writer (float32 only)",
  hyparquetDefaults: "hyparquet-writer, defaults, long",
  parquetJs: "@dsnp/parquetjs, wide, gzip",
} as const;
type Contender = keyof typeof LABELS;

interface Samples {
  /** ns a point of each round. */
  readonly took: Record<Contender, number[]>;
  /** The round before the first one. */
  readonly cold: Record<Contender, number>;
  /** Per point. */
  readonly bytes: Record<Contender | "running" | "sqliteVacuumed", number>;
}

/** How large finished runs are, and what it takes to get there, end to end. */
export async function atRest(): Promise<Section> {
  const table: string[][] = [["", "bytes a point at rest", "ns a point in", "the first time", "ours / theirs"]];
  const targets: Target[] = [];
  for (const name of ["W1", "W2", "W3"] as const) {
    const { took, cold, bytes } = await runChild<Samples>("at-rest.ts", [name]);
    const notes: Partial<Record<Contender, string>> = {
      own: ` (while running ${bytes.running.toFixed(2)})`,
      sqlite: ` (after VACUUM ${bytes.sqliteVacuumed.toFixed(2)})`,
    };
    for (const [contender, label] of Object.entries(LABELS) as [Contender, string][]) {
      table.push([
        contender === "own" ? `**${name}**: ${label}` : `${name}: ${label}`,
        bytes[contender].toFixed(2) + (notes[contender] ?? ""),
        median(took[contender]).toFixed(0),
        cold[contender].toFixed(0),
        contender === "own" ? "" : rangeOf(took.own, took[contender]),
      ]);
    }
    table.push(...(await pythonRows(name, median(took.own))));
    for (const [what, measured, limit] of [
      ["at rest", bytes.own, LIMITS[name].rest],
      ["while running", bytes.running, LIMITS[name].running],
    ] as const) {
      targets.push({
        what: `${name}: bytes a point ${what}`,
        limit: `<= ${limit.toFixed(1)}`,
        measured: measured.toFixed(2),
        met: measured <= limit,
      });
    }
  }
  const method =
    `A million points, ${ROUNDS} rounds after a first one that is given by itself; a process for each workload. Ours on the fs backend with durability "os", ` +
    "from the first `log()` until `finish()` is done; at rest: every object of the finished run (journals, Parquet, overviews, documents), while running: every object once `flush()` is done. " +
    "Theirs until the file is closed, hyparquet-writer from the moment the points are known; files of SQLite after a checkpoint. " +
    `Python's peers log the first ${PYTHON_POINTS.toLocaleString("en")} points, once, where BENCH_PYTHON (else python3) has them; how fast they are is then no ratio of one round.\n\n` +
    Object.entries(DESCRIPTIONS)
      .map(([name, text]) => `- ${name}: ${text}`)
      .join("\n");
  return { title: "Runs from log() to rest", method, table, targets };
}

async function pythonRows(name: WorkloadName, own: number): Promise<string[][]> {
  const workload = makeWorkload(name);
  const rows = Math.floor(PYTHON_POINTS / workload.keys.length);
  const table: string[][] = [];
  for (const [label, script] of Object.entries(PYTHON_PEERS)) {
    const outcome = await withScratch<PythonOutcome>((directory) => runPython(script, workload, rows, directory));
    if (!outcome.installed) {
      table.push([`${name}: ${label}: not installed`, "", "", "", ""]);
      continue;
    }
    const points = rows * workload.keys.length;
    const took = outcome.nanoseconds / points;
    table.push([
      `${name}: ${label} ${outcome.version}`,
      (outcome.bytes / points).toFixed(2),
      took.toFixed(0),
      "",
      (own / took).toFixed(4),
    ]);
  }
  return table;
}

type Written = { readonly nanoseconds: number; readonly bytes: number };

async function measure(workload: Workload): Promise<Samples> {
  const points = workload.keys.length * workload.steps.length;
  const calls = logCalls(workload);
  const Database = await loadSqlite();
  const parquetJs = await loadParquetJs();
  const bytes: Partial<Samples["bytes"]> = {};
  const contenders: Record<Contender, (directory: string) => Promise<Written> | Written> = {
    async own(directory) {
      const { log, finish, runningBytes, restBytes } = await writeOwnRun(calls, directory);
      bytes.running = runningBytes / points;
      return { nanoseconds: log + finish, bytes: restBytes };
    },
    jsonLines: (directory) => writeJsonLines("JSON.stringify", calls, directory),
    jsonLinesGzip(directory) {
      const { nanoseconds } = writeJsonLines("JSON.stringify", calls, directory);
      const gzip = gzipJsonLines(directory, GZIP_LEVEL);
      return { nanoseconds: nanoseconds + gzip.nanoseconds, bytes: gzip.bytes };
    },
    sqlite(directory) {
      const written = writeSqlite(Database, calls, directory, "clustered");
      bytes.sqliteVacuumed ??= vacuumedBytes(Database, directory) / points;
      return written;
    },
    tfevents: (directory) => writeTfevents(calls, directory),
    async hyparquetDefaults(directory) {
      let written: Written | undefined;
      const nanoseconds = await nanosecondsOf(() => {
        written = writeHyparquetDefaults(longPoints(workload), directory);
      });
      return { nanoseconds, bytes: written!.bytes };
    },
    parquetJs: (directory) => writeParquetJs(parquetJs, calls, directory),
  };
  const names = Object.keys(contenders) as Contender[];
  const took = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Samples["took"];
  const cold: Partial<Samples["cold"]> = {};
  for (let round = 0; round <= ROUNDS; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const written = await withScratch(async (directory) => await contenders[name](directory));
      bytes[name] = written.bytes / points;
      if (round === 0) cold[name] = written.nanoseconds / points;
      else took[name].push(written.nanoseconds / points);
    }
  }
  return { took, cold: cold as Samples["cold"], bytes: bytes as Samples["bytes"] };
}

if (isMain(import.meta.url)) answer(await measure(makeWorkload(process.argv[2] as WorkloadName)));
