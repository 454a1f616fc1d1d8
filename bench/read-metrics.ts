import type { HistoryOptions, Series } from "../src/index.ts";
import { answer, isMain, runChild } from "./child.ts";
import { countingBackend } from "./counting-backend.ts";
import { writeJsonLines } from "./json-lines.ts";
import { fsBackend, openLedger } from "./library.ts";
import { writeOwnRun } from "./own-run.ts";
import { overviewClustered, readClustered } from "./peers/clustered-sqlite.ts";
import { longPoints, readHyparquetDefaults, writeHyparquetDefaults } from "./peers/hyparquet-defaults.ts";
import { readJsonLines } from "./peers/read-json-lines.ts";
import { type Readings, reader, readInRounds } from "./read-rounds.ts";
import type { Section, Target } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { loadSqlite, writeSqlite } from "./sqlite-points.ts";
import { median, rangeOf, ratio } from "./statistics.ts";
import { logCalls, makeWorkload, type Workload } from "./workloads.ts";

const ROUNDS = 11;
const SAMPLES = 500;
const sampled: HistoryOptions & { readonly samples: number } = { samples: SAMPLES };

const QUESTIONS = {
  series: "W1: all 100,000 points of one key of 10",
  overview: `W1: ${SAMPLES} points of one key of 10`,
  overviews: `W3: ${SAMPLES} points of each of 200 keys`,
} as const;
const LABELS: Record<string, string> = {
  sqlite: "better-sqlite3, clustered",
  jsonLines: "JSON lines",
  hyparquetDefaults: "hyparquet on hyparquet-writer's defaults",
};

type Question = keyof typeof QUESTIONS;
interface Answer {
  readonly own: Readings;
  readonly peers: Record<string, Readings>;
  /** What `read` of our backend returned, opening included. */
  readonly bytes: number;
}

/** Reading metrics of finished runs. */
export async function readMetrics(): Promise<Section> {
  const answers = {
    ...(await runChild<Record<"series" | "overview", Answer>>("read-metrics.ts", ["W1"])),
    ...(await runChild<Record<"overviews", Answer>>("read-metrics.ts", ["W3"])),
  };
  const table = [["", "ms", "the first time", "ours / theirs", "points a key", "bytes read"]];
  for (const [question, label] of Object.entries(QUESTIONS) as [Question, string][]) {
    const { own, peers, bytes } = answers[question];
    const row = (label: string, readings: Readings, compared: string, bytes: string): string[] => [
      label,
      milliseconds(median(readings.took)),
      milliseconds(readings.cold),
      compared,
      readings.points.toFixed(0),
      bytes,
    ];
    table.push(row(`**${label}**`, own, "", String(bytes)));
    for (const [name, readings] of Object.entries(peers))
      table.push(row(LABELS[name]!, readings, rangeOf(own.took, readings.took), ""));
  }
  return {
    title: "Reading metrics",
    method:
      `Finished runs of a million points on the fs backend, files in the disk cache; ${ROUNDS} rounds in one process after a first one that is given by itself, another key each round. ` +
      "Every reading opens anew: ours by `openLedger()` on the directory, SQLite by a new connection to a table clustered by key and step, the others by opening their file. " +
      "What comes back of a whole series is compared with what was logged. " +
      `Few points: ours \`history(…, { samples: ${SAMPLES} })\`, SQLite the least and the greatest value of each of ${SAMPLES / 2} ranges of steps. ` +
      "Bytes read: all that `read` of our backend returned, opening included.",
    table,
    targets: targetsOf(answers),
  };
}

function targetsOf({ series, overview, overviews }: Record<Question, Answer>): Target[] {
  const timed = (what: string, { own }: Answer, limit: number): Target => {
    const measured = median(own.took);
    return { what, limit: `<= ${limit} ms`, measured: `${milliseconds(measured)} ms`, met: measured <= limit * 1e6 };
  };
  const { median: againstSqlite } = ratio(series.own.took, series.peers["sqlite"]!.took);
  return [
    timed("one series of 100,000 points, opened anew, in a warm process", series, 10),
    {
      what: "the same against clustered SQLite",
      limit: "<= 0.15 x",
      measured: `${againstSqlite.toFixed(3)} x`,
      met: againstSqlite <= 0.15,
    },
    timed(`overview of ${SAMPLES} points, opened anew, in a warm process`, overview, 3),
    {
      what: "bytes read for it",
      limit: "<= 8 kB",
      measured: `${(overview.bytes / 1000).toFixed(1)} kB`,
      met: overview.bytes <= 8000,
    },
    {
      what: "points in it",
      limit: `<= ${SAMPLES}`,
      measured: String(overview.own.points),
      met: overview.own.points <= SAMPLES,
    },
    timed("200 series' overviews, opened anew, in a warm process", overviews, 100),
  ];
}

function milliseconds(nanoseconds: number): string {
  return (nanoseconds / 1e6).toFixed(2);
}

type Opened = Awaited<ReturnType<typeof openLedger>>;

async function measure(workload: Workload, directory: string): Promise<Partial<Record<Question, Answer>>> {
  const { keys } = workload;
  const calls = logCalls(workload);
  const { id } = await writeOwnRun(calls, directory);
  const asked = <T>(question: (ledger: Opened, key: string) => Promise<T>) => ({
    read: async (key: string) => await question(await openLedger(fsBackend(directory)), key),
    async bytes(): Promise<number> {
      const backend = countingBackend(fsBackend(directory));
      await question(await openLedger(backend), keys[0]!);
      return backend.reads.bytes;
    },
  });
  const Database = await loadSqlite();
  return await withScratch(async (peers) => {
    writeSqlite(Database, calls, peers, "clustered");
    if (workload.name === "W3") {
      const own = asked((ledger) => ledger.histories(id, undefined, sampled));
      const readings = await readInRounds(
        {
          own: reader(own.read, (all) => Math.max(...keys.map((key) => all.get(key)!.values.length))),
          sqlite: reader(() => overviewClustered(Database, peers, calls.length, SAMPLES / 2), perKey(2 / keys.length)),
        },
        keys,
        ROUNDS,
      );
      return { overviews: answerOf(readings, await own.bytes()) };
    }
    writeJsonLines("JSON.stringify", calls, peers);
    writeHyparquetDefaults(longPoints(workload), peers);
    const same = (values: ArrayLike<number>, key: string): number => expectColumn(workload, key, values);
    const whole = asked((ledger, key) => ledger.history(id, key));
    const series = await readInRounds(
      {
        own: reader(whole.read, (series, key) => expectSeries(workload, key, series)),
        sqlite: reader((key) => readClustered(Database, peers, key), same),
        jsonLines: reader((key) => readJsonLines(peers, key), same),
        hyparquetDefaults: reader((key) => readHyparquetDefaults(peers, key), same),
      },
      keys,
      ROUNDS,
    );
    const few = asked((ledger, key) => ledger.history(id, key, sampled));
    const overview = await readInRounds(
      {
        own: reader(few.read, ({ values }) => values.length),
        sqlite: reader((key) => overviewClustered(Database, peers, calls.length, SAMPLES / 2, key), perKey(2)),
      },
      keys,
      ROUNDS,
    );
    return { series: answerOf(series, await whole.bytes()), overview: answerOf(overview, await few.bytes()) };
  });
}

/** Each range of SQLite's has two points. */
function perKey(points: number): (ranges: number) => number {
  return (ranges) => ranges * points;
}

function answerOf({ own, ...peers }: { own: Readings } & Record<string, Readings>, bytes: number): Answer {
  return { own, peers, bytes };
}

function expectSeries(workload: Workload, key: string, { steps, times, values }: Series): number {
  expectSame(`steps of ${key}`, steps, workload.steps);
  expectSame(`times of ${key}`, times, workload.times);
  return expectColumn(workload, key, values);
}

function expectColumn({ keys, columns }: Workload, key: string, values: ArrayLike<number>): number {
  expectSame(`values of ${key}`, values, columns[keys.indexOf(key)]!);
  return values.length;
}

function expectSame(what: string, read: ArrayLike<number>, logged: Float64Array): void {
  if (read.length !== logged.length) throw new Error(`${read.length} ${what} came back, and not ${logged.length}`);
  for (let i = 0; i < logged.length; i++)
    if (!Object.is(read[i], logged[i])) throw new Error(`${what}: the one at ${i} is ${read[i]}, not ${logged[i]}`);
}

if (isMain(import.meta.url)) {
  const workload = makeWorkload(process.argv[2] as Workload["name"]);
  answer(await withScratch((directory) => measure(workload, directory)));
}
