import { readdir, readFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Backend, RunRecord } from "../src/index.ts";
import { SegmentCache } from "../src/catalog/segment-cache.ts";
import { experimentPrefix } from "../src/catalog/catalog-entry.ts";
import { listCatalog } from "../src/catalog/list-catalog.ts";
import { storeRows } from "../src/catalog/segment-write.ts";
import { copyRows } from "../src/catalog/copied-rows.ts";
import { catalogRuns, EXPERIMENT } from "./catalog-runs.ts";
import { answer, isMain, runChild } from "./child.ts";
import { fsBackend, memoryBackend, openLedger } from "./library.ts";
import { searchSqliteRuns, writeSqliteRuns } from "./peers/sqlite-runs.ts";
import { type Reader, type Readings, reader, readInRounds } from "./read-rounds.ts";
import type { Section, Target } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { loadSqlite } from "./sqlite-points.ts";
import { nanosecondsOf } from "./timing.ts";
import { median, rangeOf, ratio } from "./statistics.ts";

const RUNS = 10_000;
const MANY_RUNS = 100_000;
const ROUNDS = 15;
const COLD_ROUNDS = 11;
/** Searches before any that counts, so that all is compiled; files, which take seconds, are read without. */
const WARM_UP = 50;
const KEYS = Array.from({ length: ROUNDS + 1 }, (_, i) => String(i + 3));

const query = (key: string) => ({
  experiment: EXPERIMENT,
  filter: `params.p1 = ${key} AND metrics.m3 < 0.5`,
  orderBy: "metrics.m7 DESC",
  limit: 20,
});

type Peer = "wide" | "keyed" | "files";
const LABELS: Record<Peer, string> = {
  wide: "better-sqlite3, a column a value, indexed on what is asked",
  keyed: "better-sqlite3, a row a value, indexed (as MLflow's store)",
  files: "one JSON file a run",
};

interface Warm {
  readonly own: Readings;
  readonly peers: Partial<Record<Peer, Readings>>;
}

/** Filter on a param and a metric, sort by another metric, the records of the first 20. */
export async function searchRuns(): Promise<Section> {
  return await withScratch(async (directory) => {
    const few = join(directory, "few");
    const many = join(directory, "many");
    const fewTook = await writeCatalog(few, RUNS);
    const mergeTook = await mergeCatalog(few);
    await writePeers(few);
    const warm = await runChild<Warm>("search-runs.ts", [few, "sqlite"]);
    // Apart: what they leave to the garbage collector would be counted as somebody else's.
    const files = await runChild<Warm>("search-runs.ts", [few, "files"]);
    const cold: { import: number; search: number }[] = [];
    for (let i = 0; i < COLD_ROUNDS; i++)
      cold.push(
        await runChild("search-cold.mjs", [
          new URL("../dist/", import.meta.url).href,
          few,
          JSON.stringify(query(KEYS[i]!)),
        ]),
      );
    const manyTook = await writeCatalog(many, MANY_RUNS);
    const warmMany = await runChild<Warm>("search-runs.ts", [many]);
    return report({ warm, files, cold, warmMany, fewTook, mergeTook, manyTook });
  });
}

/** Writes the catalogue of so many runs, as a compaction would, and returns the ms it took. */
async function writeCatalog(directory: string, count: number): Promise<number> {
  const backend: Backend = fsBackend(directory);
  await openLedger(backend);
  let made = 0;
  const context = { backend, segments: new SegmentCache(backend), newId: () => `bench-${made++}`, onError: () => {} };
  const start = performance.now();
  const rows = async function* () {
    yield* catalogRuns(count);
  };
  await storeRows(context, experimentPrefix(EXPERIMENT), 1, rows(), undefined);
  return performance.now() - start;
}

/** Merges its one segment into another place, and returns the ms it took. */
async function mergeCatalog(directory: string): Promise<number> {
  const backend: Backend = fsBackend(directory);
  const {
    experiments: [listing],
  } = await listCatalog(backend, EXPERIMENT, () => {}, undefined);
  const segment = await new SegmentCache(backend).open(listing!.segments[0]!, undefined);
  const target = memoryBackend();
  const context = { backend: target, segments: new SegmentCache(target), newId: () => "merged", onError: () => {} };
  const all = Array.from({ length: segment.rows }, (_, row) => row);
  const start = performance.now();
  await storeRows(context, experimentPrefix(EXPERIMENT), 2, copyRows(segment, backend, all, undefined), undefined);
  return performance.now() - start;
}

async function writePeers(directory: string): Promise<void> {
  const Database = await loadSqlite();
  const records = function* (): Generator<RunRecord> {
    for (const { record } of catalogRuns(RUNS)) yield record;
  };
  for (const layout of ["wide", "keyed"] as const) {
    await mkdir(join(directory, layout));
    await writeSqliteRuns(Database, join(directory, layout), layout, records());
  }
  const files = join(directory, "files");
  await mkdir(files);
  for (const record of records()) await writeFile(join(files, `${record.id}.json`), JSON.stringify(record));
}

async function searchFiles(directory: string, p1: number): Promise<RunRecord[]> {
  const names = await readdir(directory);
  const found: RunRecord[] = [];
  for (let i = 0; i < names.length; i += 64) {
    const texts = await Promise.all(names.slice(i, i + 64).map((name) => readFile(join(directory, name), "utf8")));
    for (const text of texts) {
      const record = JSON.parse(text) as RunRecord;
      if (record.params["p1"] === p1 && record.metrics["m3"]!.last.value < 0.5) found.push(record);
    }
  }
  return found.sort((a, b) => b.metrics["m7"]!.last.value - a.metrics["m7"]!.last.value).slice(0, 20);
}

async function searchWarm(directory: string, beside: string | undefined): Promise<Warm> {
  const ledger = await openLedger(fsBackend(directory));
  const expected = new Map<string, string>();
  // Whoever comes first says what is right.
  const check = (found: RunRecord[], key: string): number => {
    const ids = found.map(({ id }) => id).join();
    if (found.length !== 20 || ids !== (expected.get(key) ?? ids)) throw new Error("contenders disagree");
    expected.set(key, ids);
    return found.length;
  };
  const own = reader(async (key) => (await ledger.searchRuns(query(key))).runs, check);
  const [first, ...others] = KEYS;
  const cold = await nanosecondsOf(() => own.read(first!));
  const peers: Record<string, Reader<unknown>> = {};
  if (beside === "sqlite") {
    const Database = await loadSqlite();
    for (const layout of ["wide", "keyed"] as const)
      peers[layout] = reader((key) => searchSqliteRuns(Database, join(directory, layout), layout, Number(key)), check);
  } else if (beside === "files")
    peers.files = reader(async (key) => await searchFiles(join(directory, "files"), Number(key)), check);
  const warmed = Object.entries({ own, ...peers }).filter(([name]) => name !== "files");
  for (let i = 0; i < WARM_UP; i++) for (const [, each] of warmed) await each.read(others[i % others.length]!);
  const { own: readings, ...theirs } = await readInRounds<string>({ own, ...peers }, KEYS, ROUNDS);
  return { own: { ...readings!, cold }, peers: theirs };
}

interface Found {
  readonly warm: Warm;
  readonly files: Warm;
  readonly cold: readonly { readonly import: number; readonly search: number }[];
  readonly warmMany: Warm;
  readonly fewTook: number;
  readonly mergeTook: number;
  readonly manyTook: number;
}

function report({ warm, files, cold, warmMany, fewTook, mergeTook, manyTook }: Found): Section {
  const ms = (took: readonly number[]): number => median(took) / 1e6;
  const fromCold = median(cold.map((each) => each.import + each.search));
  const ofMany = ms(warmMany.own.took);
  const row = (label: string, readings: Readings, first = "", compared = ""): string[] => [
    label,
    ms(readings.took).toFixed(1),
    first,
    compared,
  ];
  const first = ({ cold: took }: Readings): string => (took / 1e6).toFixed(1);
  const targets: Target[] = [
    limit("10,000 runs, warm", ms(warm.own.took), 15),
    limit("10,000 runs, from a cold process, import included", fromCold, 80),
    limit("100,000 runs, warm", ofMany, 150),
    against("10,000 runs: ours / one JSON file a run", files.own, files.peers.files!, 0.1),
    against("10,000 runs: ours / indexed SQLite", warm.own, warm.peers.keyed!, 3),
    against("10,000 runs: ours / SQLite, a column a value, indexed on what is asked", warm.own, warm.peers.wide!, 3),
  ];
  return {
    title: "Search",
    method:
      `Runs of 30 params and 50 metrics on the fs backend, compacted: \`params.p1 = k AND metrics.m3 < 0.5\`, ordered by \`metrics.m7 DESC\`, the whole records of the first 20; another k each round, ${ROUNDS} rounds after ${WARM_UP} others; given by itself is our first one in the process. ` +
      `A cold process: from before the import of the built package to the answer, ${COLD_ROUNDS} processes. ` +
      `Writing the segments took ${(fewTook / 1000).toFixed(1)} s for 10,000 runs and ${(manyTook / 1000).toFixed(1)} s for 100,000, merging the 10,000 into another ${(mergeTook / 1000).toFixed(1)} s.`,
    table: [
      ["", "ms", "the first", "ours / theirs"],
      row("**10,000 runs**", warm.own, first(warm.own)),
      ...[warm, files].flatMap(({ own, peers }) =>
        Object.entries(peers).map(([name, readings]) =>
          row(LABELS[name as Peer], readings, "", rangeOf(own.took, readings.took)),
        ),
      ),
      ["10,000 runs, from a cold process", "", fromCold.toFixed(1), ""],
      row("**100,000 runs**", warmMany.own, first(warmMany.own)),
    ],
    targets,
  };
}

function limit(what: string, measured: number, most: number): Target {
  return { what, limit: `<= ${most} ms`, measured: `${measured.toFixed(1)} ms`, met: measured <= most };
}

function against(what: string, own: Readings, peer: Readings, most: number): Target {
  const { median: measured } = ratio(own.took, peer.took);
  return { what, limit: `<= ${most}`, measured: measured.toFixed(3), met: measured <= most };
}

if (isMain(import.meta.url)) answer(await searchWarm(process.argv[2]!, process.argv[3]));
