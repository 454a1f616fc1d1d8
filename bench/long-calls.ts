import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SegmentCache } from "../src/catalog/segment-cache.ts";
import { experimentPrefix } from "../src/catalog/catalog-entry.ts";
import { storeRows } from "../src/catalog/segment-write.ts";
import type { Ledger, Run } from "../src/index.ts";
import { catalogRuns, EXPERIMENT } from "./catalog-runs.ts";
import { answer, isMain, runChild } from "./child.ts";
import { fsBackend, openLedger } from "./library.ts";
import { type Blocking, longestBlock } from "./longest-block.ts";
import { Random } from "./random.ts";
import type { Section, Target } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median } from "./statistics.ts";
import { logCalls, makeWorkload } from "./workloads.ts";

const ROUNDS = Number(process.env["LONG_CALLS_ROUNDS"] ?? 3);
const LIMIT_MS = 50;
const MILLION = 1_000_000;
const LOOSE_RUNS = 2000;
const RUNS = 10_000;
const MEDIA = 20_000;
/** Bytes of the artifact. */
const GIGABYTE = 1_000_000_000;

/** A call that is measured: the first one of a process, and the same again. */
interface LongCall {
  readonly label: string;
  /** The name of what fills its directory, in a process of its own. */
  readonly fill?: keyof typeof FILLS;
  /** Prepares the call in the process that measures it. Called before each call. */
  readonly begin: (directory: string) => Promise<() => Promise<unknown>>;
}

const FILLS = {
  loose: (directory: string) => fillLoose(directory, LOOSE_RUNS),
  manyLoose: (directory: string) => fillLoose(directory, RUNS),
  compacted: fillCompacted,
  running: fillRunning,
  finished: fillFinished,
  runningMedia: (directory: string) => fillMedia(directory, false),
  finishedMedia: (directory: string) => fillMedia(directory, true),
};

type Times = readonly [first: Blocking, again: Blocking];

const CALLS: Record<string, LongCall> = {
  image: {
    label: "`logImage()` of 4,096 x 4,096 pixels of noise, four channels",
    begin: async (directory) => {
      const run = await startRun(directory);
      const data = noise(4 * 4096 * 4096);
      return () => run.logImage("noise", { data, width: 4096, height: 4096 });
    },
  },
  "table-columns": {
    label: "`logTable()` of 10 columns of 100,000 numbers, texts, dates and bigints",
    begin: async (directory) => {
      const run = await startRun(directory);
      const columns = Object.fromEntries(
        cells().map((cell, c) => [`c${c}`, Array.from({ length: 100_000 }, (_, i) => cell(i))]),
      );
      return () => run.logTable("table", columns);
    },
  },
  "table-rows": {
    label: "the same as 100,000 rows of 10 cells",
    begin: async (directory) => {
      const run = await startRun(directory);
      const made = cells();
      const columns = made.map((_, c) => `c${c}`);
      const rows = Array.from({ length: 100_000 }, (_, i) => made.map((cell) => cell(i)));
      return () => run.logTable("table", { columns, rows });
    },
  },
  "table-objects": {
    label: "the same as 100,000 objects of 10 cells",
    begin: async (directory) => {
      const run = await startRun(directory);
      const made = cells();
      const rows = Array.from({ length: 100_000 }, (_, i) =>
        Object.fromEntries(made.map((cell, c) => [`c${c}`, cell(i)])),
      );
      return () => run.logTable("table", rows);
    },
  },
  artifact: {
    label: "`logArtifact()` of an array of 1 GB",
    begin: async (directory) => {
      const run = await startRun(directory);
      const bytes = new Uint8Array(GIGABYTE);
      for (let at = 0; at < GIGABYTE; at += 4096) bytes[at] = at >>> 12;
      return () => run.logArtifact("bytes", bytes);
    },
  },
  "finish-one": {
    label: "`finish()` of a million points of one metric",
    begin: async (directory) => {
      const run = await startRun(directory);
      await logMillion(run);
      return () => run.finish();
    },
  },
  "finish-ten": {
    label: "`finish()` of 10 metrics x 100,000 points",
    begin: async (directory) => {
      const run = await startRun(directory);
      for (const { metrics, at } of logCalls(makeWorkload("W1"))) run.log(metrics, at);
      await run.flush();
      return () => run.finish();
    },
  },
  "search-loose": {
    label: "`searchRuns()` over 2,000 closed runs that are in no segment yet",
    fill: "loose",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () => ledger.searchRuns({ experiment: EXPERIMENT, filter: "metrics.m3 < 0.5", orderBy: "metrics.m7" });
    },
  },
  "search-all": {
    label: "`searchRuns()` of 10,000 compacted runs, a page of all records",
    fill: "compacted",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () => ledger.searchRuns({ experiment: EXPERIMENT, limit: RUNS });
    },
  },
  "search-page": {
    label: "`searchRuns()` of 10,000 compacted runs, a filter and a page of 100",
    fill: "compacted",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () =>
        ledger.searchRuns({ filter: "metrics.m3 < 0.5 AND params.p1 > 10", orderBy: "metrics.m7", limit: 100 });
    },
  },
  compact: {
    label: "`compactCatalog()` of 10,000 closed runs",
    fill: "manyLoose",
    begin: async (directory) => {
      const ledger = await openLedger(fsBackend(directory));
      return () => ledger.compactCatalog();
    },
  },
  "get-run": {
    label: "`getRun()` of a running run with a million points",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.getRun(id);
    },
  },
  "history-running": {
    label: "`history()` of a million points of a running run",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.history(id, "loss");
    },
  },
  "history-finished": {
    label: "`history()` of a million points of a finished run",
    fill: "finished",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.history(id, "loss");
    },
  },
  watch: {
    label: "the first update of `watchRun()` of a running run with a million points",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return async () => {
        for await (const _ of ledger.watchRun(id)) break;
      };
    },
  },
  resume: {
    label: "`resumeRun()` of a run with a million points, and `finish()`",
    fill: "running",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return async () => {
        const run = await ledger.resumeRun(id);
        await run.finish();
      };
    },
  },
  "media-running": {
    label: "`media()` of 20,000 texts of a running run",
    fill: "runningMedia",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.media(id);
    },
  },
  "media-finished": {
    label: "`media()` of 20,000 texts of a finished run",
    fill: "finishedMedia",
    begin: async (directory) => {
      const { ledger, id } = await onlyRun(directory);
      return () => ledger.media(id);
    },
  },
};

async function startRun(directory: string): Promise<Run> {
  const ledger = await openLedger(fsBackend(directory));
  return await ledger.startRun({ environment: false });
}

function noise(length: number): Uint8Array {
  const random = new Random(3);
  const words = Uint32Array.from({ length: 65_536 }, () => random.uniform() * 2 ** 32);
  const bytes = new Uint32Array(length / 4);
  // A period of 256 kB is beyond what deflate looks back.
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[i & 65_535]!;
  return new Uint8Array(bytes.buffer);
}

/** The cells of a row, by column. */
function cells(): ((row: number) => number | string | bigint | Date | boolean | null)[] {
  const random = new Random(5);
  return [
    (row) => row,
    () => random.normal(),
    () => random.uniform(),
    (row) => (row % 10 === 0 ? null : random.uniform()),
    (row) => `class ${row % 100}`,
    (row) => `images/train/${row}.png`,
    (row) => new Date(1_700_000_000_000 + row),
    (row) => BigInt(row) << 20n,
    (row) => row % 3 === 0,
    () => Math.floor(random.uniform() * 1000),
  ];
}

async function logMillion(run: Run): Promise<void> {
  const random = new Random(9);
  for (let step = 0; step < MILLION; step++) {
    run.log({ loss: Math.exp(-step / MILLION) + 0.1 * random.normal() }, { step });
    if (step % 100_000 === 0) await run.flush();
  }
  await run.flush();
}

async function fillRunning(directory: string): Promise<void> {
  await logMillion(await startRun(directory));
}

async function fillFinished(directory: string): Promise<void> {
  const run = await startRun(directory);
  await logMillion(run);
  await run.finish();
}

async function fillLoose(directory: string, count: number): Promise<void> {
  const ledger = await openLedger(fsBackend(directory));
  const rows = [...catalogRuns(count)];
  const lane = async (): Promise<void> => {
    for (let row = rows.pop(); row !== undefined; row = rows.pop()) {
      const { params, metrics } = row.record;
      const run = await ledger.startRun({ experiment: EXPERIMENT, params, environment: false });
      run.log(Object.fromEntries(Object.keys(metrics).map((key) => [key, metrics[key]!.last.value])));
      await run.finish();
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

async function fillCompacted(directory: string): Promise<void> {
  const backend = fsBackend(directory);
  await openLedger(backend);
  let made = 0;
  const context = { backend, segments: new SegmentCache(backend), newId: () => `bench-${made++}`, onError: () => {} };
  const rows = async function* () {
    yield* catalogRuns(RUNS);
  };
  await storeRows(context, experimentPrefix(EXPERIMENT), 1, rows(), undefined);
}

async function fillMedia(directory: string, isFinished: boolean): Promise<void> {
  const run = await startRun(directory);
  const logged: Promise<unknown>[] = [];
  for (let step = 0; step < MEDIA; step++) {
    logged.push(run.logText(`sample/${step % 100}`, `The prediction of step ${step}, and why.`, { step }));
    if (step % 1000 === 999) {
      await run.flush();
      await Promise.all(logged.splice(0));
    }
  }
  if (isFinished) await run.finish();
}

async function onlyRun(directory: string): Promise<{ readonly ledger: Ledger; readonly id: string }> {
  const ledger = await openLedger(fsBackend(directory));
  const { runs } = await ledger.searchRuns({ fields: ["name"] });
  // A ledger that remembers nothing of the search.
  return { ledger: await openLedger(fsBackend(directory)), id: runs[0]!.id };
}

/** The longest time for which a call of the library lets nothing else run. */
export async function longCalls(): Promise<Section> {
  return await withScratch(async (filled) => {
    const rows: string[][] = [];
    const targets: Target[] = [];
    for (const [name, { label, fill }] of Object.entries(CALLS)) {
      if (fill && !existsSync(join(filled, fill))) await runChild("long-calls.ts", ["fill", fill, join(filled, fill)]);
      const times: Times[] = [];
      for (let round = 0; round < ROUNDS; round++) times.push(await measureCall(name, fill && join(filled, fill)));
      const middle = (n: 0 | 1, of: keyof Blocking): number => median(times.map((each) => each[n][of]));
      const longest = Math.max(middle(0, "busy"), middle(1, "busy"));
      rows.push([
        label,
        ...[middle(0, "busy"), middle(1, "busy"), middle(0, "passed"), middle(1, "passed")].map((ms) => ms.toFixed(0)),
      ]);
      targets.push({
        what: `longest block: ${label}`,
        limit: `<= ${LIMIT_MS} ms`,
        measured: `${longest.toFixed(0)} ms`,
        met: longest <= LIMIT_MS,
      });
    }
    return {
      title: "Longest blocks",
      method:
        "The longest time for which a call lets nothing else of its thread run, by a timer that is due every ms, less the time for which the thread waited for a core. " +
        `On the fs backend; a new process makes each call twice; processes: ${ROUNDS}, medians. What is read was written by another process.`,
      table: [["", "longest block, first call, ms", "second call, ms", "first call, ms", "second call, ms"], ...rows],
      targets,
    };
  });
}

async function measureCall(name: string, filled: string | undefined): Promise<Times> {
  return await withScratch(async (directory) => {
    // A copy, because some calls change what they find.
    if (filled !== undefined) await cp(filled, directory, { recursive: true });
    return await runChild<Times>("long-calls.ts", ["measure", name, directory]);
  });
}

async function inChild([phase, name, directory]: readonly string[]): Promise<unknown> {
  if (phase === "fill") {
    await FILLS[name as keyof typeof FILLS](directory!);
    return null;
  }
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { fill, begin } = CALLS[name!]!;
  const times: Blocking[] = [];
  for (const n of [0, 1]) {
    const call = await begin(fill ? directory! : join(directory!, `${n}`));
    // What the preparation leaves to the garbage collector is not the call's.
    collect();
    times.push(await longestBlock(call));
  }
  return times;
}

if (isMain(import.meta.url)) {
  answer(await inChild(process.argv.slice(2)));
  // Runs that are left open would keep the process alive.
  process.exit();
}
