import { join } from "node:path";
import { SegmentCache } from "../src/catalog/segment-cache.ts";
import { experimentPrefix } from "../src/catalog/catalog-entry.ts";
import { storeRows } from "../src/catalog/segment-write.ts";
import type { CatalogRow } from "../src/catalog/catalog-row.ts";
import type { RecordedVersion } from "../src/journal/event.ts";
import { catalogRuns, EXPERIMENT } from "./catalog-runs.ts";
import { answer, isMain, runChild } from "./child.ts";
import { countingBackend } from "../src/testing/counting-backend.ts";
import { fsBackend, openLedger } from "./library.ts";
import { longestBlock } from "./longest-block.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { type Database, loadSqlite } from "./sqlite-points.ts";
import { median, rangeOf } from "./statistics.ts";
import { nanosecondsOf } from "./timing.ts";

const RUNS = 10_000;
const VERSIONS = 2000;
const DEPTH = 5;
const ROUNDS = 15;
const LIMIT_MS = 50;
const MOST_REQUESTS = 30;
const LONGEST_BLOCK_MS = 50;

interface Answer {
  readonly warm: readonly number[];
  readonly cold: number;
  /** The longest block of the event loop in the first call, and in the second, in ms. */
  readonly blocks: readonly [number, number];
  readonly coldRequests: number;
  readonly warmRequests: number;
  readonly sqlite: readonly number[];
  readonly nodes: number;
  readonly edges: number;
}

/** What led to a run and what came of it. */
export async function lineage(): Promise<Section> {
  const found = await runChild<Answer>("lineage.ts", []);
  const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1);
  const warm = median(found.warm);
  return {
    title: "Lineage",
    method:
      `${RUNS.toLocaleString("en")} runs in one segment, ${VERSIONS.toLocaleString("en")} versions: every fifth run makes one, each uses two and a data set, ` +
      `every seventh has a parent. Depth ${DEPTH} both ways from the run in the middle: ${found.nodes} nodes, ${found.edges} edges. The fs backend, files in the disk cache; ` +
      `median of ${ROUNDS} calls after the first. ` +
      "better-sqlite3: a table of events (run, version, made or used), indexed both ways, and a query for each hop, as ml-metadata's store does.",
    table: [
      ["", "ms", "requests", "ours / theirs", "longest block of the event loop, ms"],
      ["**first call**", ms(found.cold), `${found.coldRequests}`, "", found.blocks[0].toFixed(1)],
      ["**later calls**", ms(warm), `${found.warmRequests}`, "", found.blocks[1].toFixed(1)],
      ["better-sqlite3, open", ms(median(found.sqlite)), "", rangeOf(found.warm, found.sqlite), ""],
    ],
    targets: [
      {
        what: `lineage over ${RUNS.toLocaleString("en")} runs and ${VERSIONS.toLocaleString("en")} versions, depth ${DEPTH}, warm`,
        limit: `<= ${LIMIT_MS} ms`,
        measured: `${ms(warm)} ms`,
        met: warm <= LIMIT_MS * 1e6,
      },
      {
        what: "its requests, with nothing in memory",
        limit: `<= ${MOST_REQUESTS}`,
        measured: `${found.coldRequests}`,
        met: found.coldRequests <= MOST_REQUESTS,
      },
      {
        what: "its longest block of the event loop, in the first call too",
        limit: `<= ${LONGEST_BLOCK_MS} ms`,
        measured: `${Math.max(...found.blocks).toFixed(1)} ms`,
        met: Math.max(...found.blocks) <= LONGEST_BLOCK_MS,
      },
    ],
  };
}

const version = (number: number): RecordedVersion => ({
  name: "model",
  version: `v${number}`,
  digest: `sha256:${String(number).padStart(64, "0")}`,
  size: 1,
  aliases: [],
  metadata: {},
  createdAt: 1,
  manifest: { key: "k", size: 1, digest: `sha256:${"0".repeat(64)}` },
});

function* linkedRuns(): Generator<CatalogRow> {
  let before: string | undefined;
  let i = 0;
  for (const row of catalogRuns(RUNS, { params: 5, metrics: 5 })) {
    const made = Math.floor((i * VERSIONS) / RUNS);
    yield {
      ...row,
      record: {
        ...row.record,
        ...(i % 7 === 6 && before !== undefined && { parent: before }),
        artifacts: i % (RUNS / VERSIONS) === 0 ? [version(made)] : [],
        inputs: made > 0 ? [version(made - 1), version(Math.floor(made / 2))] : [],
        datasets: [{ name: "data", digest: `${i % 50}`, time: 1 }],
      },
    };
    before = row.record.id;
    i++;
  }
}

async function measure(directory: string): Promise<Answer> {
  const rows = [...linkedRuns()];
  const backend = fsBackend(join(directory, "ledger"));
  await openLedger(backend);
  const context = {
    backend,
    segments: new SegmentCache(backend),
    newId: () => "s1",
    onError: (error: Error): never => {
      throw error;
    },
  };
  await storeRows(
    context,
    experimentPrefix(EXPERIMENT),
    1,
    (async function* () {
      yield* rows;
    })(),
    undefined,
  );
  const start = rows[RUNS / 2]!.record.id;
  const counting = countingBackend(fsBackend(join(directory, "ledger")));
  const ledger = await openLedger(counting);
  counting.reset();
  let found = { nodes: [] as readonly unknown[], edges: [] as readonly unknown[] };
  const ask = async (): Promise<void> => void (found = await ledger.lineage(start, { depth: DEPTH }));
  const first = await longestBlock(ask);
  const coldRequests = counting.counters.requests;
  counting.reset();
  const second = await longestBlock(ask);
  const warmRequests = counting.counters.requests;
  const Sqlite = await loadSqlite();
  const database = new Sqlite(join(directory, "events.sqlite"));
  fill(database, rows);
  const warm: number[] = [];
  const sqlite: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    warm.push(await nanosecondsOf(ask));
    sqlite.push(await nanosecondsOf(() => void walk(database, start)));
  }
  const nodes = walk(database, start).size;
  // The peer has no data sets.
  const own = found.nodes.filter((node) => (node as { kind: string }).kind !== "dataset").length;
  if (own !== nodes) throw new Error(`${own} nodes, but the peer finds ${nodes}`);
  database.close();
  return {
    warm,
    cold: first.passed * 1e6,
    blocks: [first.longest, second.longest],
    coldRequests,
    warmRequests,
    sqlite,
    nodes: found.nodes.length,
    edges: found.edges.length,
  };
}

function fill(database: Database, rows: readonly CatalogRow[]): void {
  database.exec("CREATE TABLE edges (cause TEXT NOT NULL, effect TEXT NOT NULL)");
  database.exec("BEGIN");
  const insert = database.prepare("INSERT INTO edges VALUES (?, ?)");
  for (const { record } of rows) {
    for (const { name, version: tag } of record.artifacts) insert.run(record.id, `${name}:${tag}`);
    for (const { name, version: tag } of record.inputs) insert.run(`${name}:${tag}`, record.id);
    if (record.parent !== undefined) insert.run(record.parent, record.id);
  }
  database.exec("COMMIT");
  database.exec("CREATE INDEX causes ON edges (cause, effect); CREATE INDEX effects ON edges (effect, cause); ANALYZE");
}

/** Follows the edges hop by hop, up and down. */
function walk(database: Database, start: string): Set<string> {
  const found = new Set([start]);
  for (const [from, to] of [
    ["effect", "cause"],
    ["cause", "effect"],
  ] as const) {
    const step = database.prepare(`SELECT ${to} FROM edges WHERE ${from} = ?`);
    const seen = new Set([start]);
    let front = [start];
    for (let level = 0; level < DEPTH; level++) {
      const next: string[] = [];
      for (const node of front) {
        for (const [other] of step.raw().all(node) as string[][]) {
          if (seen.has(other!)) continue;
          seen.add(other!);
          next.push(other!);
        }
      }
      front = next;
    }
    for (const node of seen) found.add(node);
  }
  return found;
}

if (isMain(import.meta.url)) answer(await withScratch(measure));
