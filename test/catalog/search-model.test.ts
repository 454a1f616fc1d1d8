import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger, type Run, type RunQuery, type RunRecord } from "../../src/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { seededRandom } from "../seeded-random.ts";
import { objectsOnly } from "../journal/records.ts";
import { randomFilter, type Run as FilterRun, search } from "../filter/reference.ts";
import { rounds } from "../rounds.ts";

/** `SEARCH_SEED=… npx vitest run test/catalog/search-model.test.ts` plays one script. */
const only = process.env["SEARCH_SEED"];

const STEPS = rounds(25, 40);

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true, maxRetries: 10 });
});

const places: [name: string, scripts: number, place: () => Promise<Backend>][] = [
  ["memory", rounds(1, 10), async () => memoryBackend()],
  ["objects", rounds(1, 8), async () => objectsOnly()],
  [
    "fs",
    rounds(1, 3),
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "rl-search-"));
      directories.push(directory);
      return fsBackend(directory);
    },
  ],
];

// Names that a filesystem, a normal form or a limit on keys might confuse.
const EXPERIMENTS = [
  "default",
  "Default",
  "other",
  "a/b",
  "a",
  "\u00e9",
  "e\u0301",
  "x".repeat(250),
  `${"x".repeat(249)}y`,
  "Ünïcode ✓".repeat(20),
  "con",
  "=complete",
  "segments",
];
const KEYS = ["a", "b", "opt.lr", "val/loss", "a.min", "__proto__"];
const WORDS = ["", "a", "b", "ab", "Ab", "5", "0.5", "true", "x y", "é", "😀b", "\uFFFDb", "%"];
const NUMBERS = [-2, 0, 0.5, 1, 5, 1e3, Infinity, Number.NaN];
const ORDERS = [
  ["start_time ASC"],
  ["metrics.a ASC"],
  ["metrics.a DESC", "params.b"],
  ["metrics.val/loss.max DESC"],
  ["params.a"],
  ["params.a DESC", "tags.b ASC"],
  ["tags.b DESC"],
  ["status", "run_name DESC"],
  ["duration DESC"],
  ["end_time"],
  ["group", "start_time"],
  ["run_id"],
];

interface Model {
  readonly ledger: Ledger;
  readonly backend: Backend;
  readonly random: () => number;
  /** Every run ever started, and its open sessions. */
  readonly runs: Map<string, Run[]>;
  readonly experiments: readonly string[];
}

const pickOf =
  (random: () => number) =>
  <T>(from: readonly T[]): T =>
    from[Math.floor(random() * from.length)]!;

function someOf<T>(random: () => number, value: () => T): Record<string, T> {
  return Object.fromEntries(KEYS.filter(() => random() < 0.4).map((key) => [key, value()]));
}

async function start({ ledger, runs, random, experiments }: Model): Promise<void> {
  const pick = pickOf(random);
  const value = (): unknown => pick([pick(WORDS), pick(NUMBERS), random() < 0.5, null]);
  const run = await ledger.startRun({
    environment: false,
    experiment: pick(experiments),
    params: random() < 0.3 ? { opt: { lr: value() }, a: value() } : someOf(random, value),
    tags: someOf(random, () => pick(WORDS)),
    ...(random() < 0.5 && { name: pick(["a", "b", "Ab", "é"]) }),
    ...(random() < 0.5 && { group: pick(["a", "b", "5"]) }),
    flush: { intervalMs: 1e9 },
  });
  runs.set(run.id, [run]);
  work(run, random);
}

function work(run: Run, random: () => number): void {
  const pick = pickOf(random);
  for (let rows = Math.floor(random() * 3); rows > 0; rows--) run.log(someOf(random, () => pick(NUMBERS)));
  if (random() < 0.3) run.setTags(someOf(random, () => pick(WORDS)));
  if (random() < 0.2)
    run.logDataset(pick(["a", "b", "Ab"]), { digest: pick(["aa", "bb"]) }, { context: pick(["train", "test"]) });
}

/** One thing that happens. */
async function step(model: Model): Promise<string> {
  const { ledger, runs, random } = model;
  const pick = pickOf(random);
  const ids = [...runs.keys()];
  const open = [...runs.values()].flat();
  const draw = random();
  if (ids.length === 0 || draw < 0.25) return await start(model).then(() => "start");
  if (draw < 0.6 && open.length > 0) {
    const run = pick(open);
    work(run, random);
    if (random() < 0.3) return await run.flush().then(() => "flush");
    // All sessions of a run end together, because a search sees what a session adds after the end of another one only
    // when it ends, too.
    const sessions = runs.get(run.id)!.splice(0);
    for (const each of sessions)
      await (random() < 0.3 ? each.fail(new Error("x")) : each.finish(random() < 0.2 ? "killed" : "finished"));
    return "finish";
  }
  const id = pick(ids);
  if (draw < 0.72) {
    if ((await ledger.getRun(id)).deletedAt !== undefined) await ledger.restoreRun(id);
    const run = await ledger.resumeRun(id, { flush: { intervalMs: 1e9 }, mode: "join" });
    runs.get(id)!.push(run);
    return "resume";
  }
  if (draw < 0.82) return await ledger.deleteRun(id).then(() => "delete");
  if (draw < 0.9) return await ledger.restoreRun(id).then(() => "restore");
  if (draw < 0.93) return await ledger.rebuildCatalog().then(() => "rebuild");
  // The last few make it likely that a segment is written.
  for (let i = 0; i < 6; i++) {
    await start(model);
    const [newest] = [...runs.values()].at(-1)!;
    await newest!.finish();
    [...runs.values()].at(-1)!.length = 0;
  }
  return "six runs";
}

/** Returns the expected result of the search, computed from the records by another evaluator. */
function expected(records: readonly RunRecord[], query: RunQuery): string[] {
  const { experiment, filter = "", orderBy = [], view = "active" } = query;
  const wanted = records.filter(
    (record) =>
      (experiment === undefined || record.experiment === experiment) &&
      (view === "all" || (record.deletedAt === undefined) === (view === "active")),
  );
  return search(filter as string, orderBy as string[], wanted as FilterRun[]);
}

async function compare(model: Model, counts: { searches: number; found: number; pages: number }): Promise<void> {
  const { ledger, runs, random } = model;
  const pick = pickOf(random);
  const records = await Promise.all([...runs.keys()].map((id) => ledger.getRun(id)));
  const byId = new Map(records.map((record) => [record.id, record]));
  for (let i = 0; i < 3; i++) {
    const query: RunQuery = {
      ...(random() < 0.5 && { experiment: pick(model.experiments) }),
      ...(random() < 0.7 && { filter: randomFilter(random, 2) }),
      ...(random() < 0.7 && { orderBy: pick(ORDERS) }),
      view: pick(["active", "deleted", "all", "all"] as const),
    };
    const limit = pick([1, 2, 3, 7, 100]);
    const text = JSON.stringify({ ...query, limit });
    const ids: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await ledger.searchRuns({ ...query, limit, ...(pageToken !== undefined && { pageToken }) });
      expect(page.runs.length, text).toBeLessThanOrEqual(limit);
      for (const record of page.runs) {
        const before = byId.get(record.id)!;
        // A heartbeat that was being written while the records were read may be stored now.
        const lastActivity = before.status === "running" ? record.lastActivity : before.lastActivity;
        expect(record, text).toEqual({ ...before, lastActivity });
        expect(record.lastActivity).toBeGreaterThanOrEqual(before.lastActivity);
        ids.push(record.id);
      }
      pageToken = page.nextPageToken;
      counts.pages++;
    } while (pageToken !== undefined);
    expect(ids, text).toEqual(expected(records, query));
    counts.searches++;
    counts.found += ids.length;
  }
}

async function play(
  seed: number,
  place: () => Promise<Backend>,
  counts: Parameters<typeof compare>[1],
): Promise<number> {
  const random = seededRandom(seed);
  const backend = await place();
  const clock = createTestClock();
  const told: unknown[] = [];
  const open = (n: number): Promise<Ledger> =>
    openLedger(backend, {
      clock,
      ids: seededIds(seed * 10 + n, () => clock.now()),
      onError: (error) => told.push(error),
    });
  const first = Math.floor(random() * EXPERIMENTS.length);
  const experiments = [0, 1, 2].map((i) => EXPERIMENTS[(first + i) % EXPERIMENTS.length]!);
  const model = { backend, random, runs: new Map<string, Run[]>(), experiments };
  // One ledger with segments in memory, and one without.
  const ledgers = [await open(1), await open(2)];
  const trace: string[] = [];
  for (let i = 0; i < STEPS; i++) {
    trace.push(await step({ ...model, ledger: ledgers[0]! }));
    await clock.advance(pickOf(random)([0, 1, 250, 60_000]));
    try {
      await compare({ ...model, ledger: pickOf(random)(ledgers) }, counts);
      expect(told).toEqual([]);
    } catch (error) {
      throw new Error(`SEARCH_SEED=${seed}, after ${trace.join(", ")}`, { cause: error });
    }
    const isNew = random() < 0.1;
    for (const ledger of ledgers) await ledger.close();
    if (isNew) ledgers[1] = await open(3 + i);
  }
  let segments = 0;
  for await (const { key } of backend.list("experiments")) if (key.includes("/segments/")) segments++;
  await backend.close?.();
  return segments;
}

test.each(places)(
  "on %s, %d random scripts: every search gives what the records say, page by page",
  { timeout: 300_000 },
  async (name, scripts, place) => {
    const counts = { searches: 0, found: 0, pages: 0 };
    let segments = 0;
    const seeds = only === undefined ? Array.from({ length: scripts }, (_, i) => i + 1) : [Number(only)];
    for (const seed of seeds) segments += await play(seed, place, counts);
    console.info(`search model (${name}): ${seeds.length} scripts, ${segments} segments, ${JSON.stringify(counts)}`);
    if (only === undefined) expect(segments).toBeGreaterThan(scripts / 2);
  },
);
