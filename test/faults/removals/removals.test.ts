import { expect, test } from "vitest";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger } from "../../../src/index.ts";
import { createTestClock, seededIds } from "../../../src/testing/index.ts";
import { objectsOnly } from "../../journal/records.ts";
import { seededRandom } from "../../seeded-random.ts";
import { type Cut, volatileBackend } from "./volatile-backend.ts";
import { isFull, stride } from "../../rounds.ts";

/** Points of `loss` by run when the disk had everything. */
type Known = Map<string, number>;

const clock = createTestClock();
let ids = 0;
const open = (backend: Backend): Promise<Ledger> =>
  openLedger(backend, {
    clock,
    ids: seededIds(++ids, () => clock.now() + ids * 1000),
    // A cut may leave what a search or a recovery passes over: what counts is asked for below.
    onError: () => {},
  });

async function finished(ledger: Ledger, points: number, id?: string): Promise<string> {
  const flush = { intervalMs: 1e9 };
  const run =
    id === undefined ? await ledger.startRun({ environment: false, flush }) : await ledger.resumeRun(id, { flush });
  for (let i = 0; i < points; i++) {
    run.log({ loss: i });
    if (i % 3 === 2) await run.flush();
  }
  await run.finish();
  return run.id;
}

/** Leaves a run whose writer is gone. */
async function abandoned(backend: Backend, points: number): Promise<string> {
  const run = await (await open(backend)).startRun({ environment: false, flush: { intervalMs: 1e9 } });
  for (let i = 0; i < points; i++) run.log({ loss: i });
  await run.flush();
  return run.id;
}

/** What must be there of the runs that were on the disk: every point, and the run as it is in a search too. */
async function check(
  image: ReadonlyMap<string, Uint8Array>,
  known: Known,
  where: string,
  isWhole = true,
): Promise<void> {
  const backend = memoryBackend();
  backend.restore(image);
  for (const recovered of [false, true]) {
    const ledger = await open(backend);
    if (recovered) await ledger.recover(undefined, { graceMs: 0 });
    const found = new Map((await ledger.searchRuns({ view: "all", limit: 1000 })).runs.map((run) => [run.id, run]));
    for (const [id, points] of known) {
      const { values } = await ledger.history(id, "loss");
      expect(values.length, `${where}: points of ${id}, recovered: ${recovered}`).toBeGreaterThanOrEqual(points);
      const record = found.get(id);
      expect(record, `${where}: ${id} is found, recovered: ${recovered}`).toBeDefined();
      const read = await ledger.getRun(id);
      // A document of a run without points may be there without its journal: nobody asked for either to be kept. A search lists no journals.
      expect(record, where).toEqual(isWhole ? read : { ...read, damage: record?.damage });
    }
  }
}

/** A sample looks at one in so many cuts. */
const EVERY = stride(15);

/** `parts`: also with a part of what the disk was not asked to keep. */
async function checkAll(cuts: readonly Cut[], known: Known, parts: boolean, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (const [i, { after, disk, seen }] of cuts.entries()) {
    if (i % EVERY !== 0) continue;
    await check(disk, known, `cut ${i}, after ${after}`);
    if (!parts || (isFull && i % 2 === 1)) continue;
    const mixed = new Map<string, Uint8Array>();
    for (const key of new Set([...disk.keys(), ...seen.keys()])) {
      const bytes = (random() < 0.5 ? disk : seen).get(key) ?? (random() < 0.5 ? seen : disk).get(key);
      // What was removed may come back, and what was not asked to be kept may be there.
      if (bytes !== undefined) mixed.set(key, bytes);
    }
    await check(mixed, known, `cut ${i}, after ${after}, a part of the rest (seed ${seed})`, false);
  }
}

const places = [
  ["where appends are possible", (inner: Backend) => inner],
  ["where each flush is an object", objectsOnly],
] as const;

for (const [name, as] of places) {
  test(
    `${name}: at no moment does what replaces something depend on what a power cut takes`,
    { timeout: 120_000 },
    async () => {
      const backend = volatileBackend(as);
      const ledger = await open(backend);
      const known: Known = new Map();
      const seed = Math.floor(Math.random() * 2 ** 31);
      let cuts = 0;
      /** `work` begins with everything on the disk; whatever moment the power fails at, what was there is there. */
      const during = async (work: () => Promise<unknown>): Promise<void> => {
        for (const id of known.keys()) {
          const { values } = await ledger.history(id, "loss");
          known.set(id, values.length);
        }
        backend.sync();
        await work();
        cuts += backend.cuts.length;
        await checkAll([...backend.cuts], known, backend.capabilities.append, seed);
      };

      for (let i = 0; i < 9; i++) known.set(await finished(ledger, 5), 5);
      const [first, second, third] = [...known.keys()] as [string, string, string];
      const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
      for (let i = 0; i < 40; i++) run.log({ loss: i });
      await run.flush();
      known.set(run.id, 40);

      await during(() => run.finish());
      await during(() => ledger.compactCatalog());
      await during(() => finished(ledger, 3, first));
      await during(async () => {
        await ledger.deleteRun(second);
        await ledger.searchRuns({ view: "all" });
        await ledger.close();
        await ledger.restoreRun(second);
      });
      const gone = await abandoned(backend, 6);
      known.set(gone, 6);
      known.set(await abandoned(backend, 0), 0);
      await during(() => ledger.recover(undefined, { graceMs: 0 }));
      for (let i = 0; i < 9; i++) known.set(await finished(ledger, 2), 2);
      await during(async () => {
        await ledger.searchRuns({ orderBy: "metrics.loss" });
        await ledger.close();
      });
      await during(() => finished(ledger, 1, third));
      await during(() => ledger.rebuildCatalog());
      expect(cuts).toBeGreaterThan(60);
      console.info(`${name}: ${cuts} power cuts, seed ${seed}`);
    },
  );
}

/** What of a run stands in objects with records, and what is known to be lost. */
async function recordsOf(ledger: Ledger, id: string): Promise<object> {
  const { metrics, tags, damage } = await ledger.getRun(id);
  return { metrics: Object.keys(metrics).length, tags, damage, texts: (await ledger.media(id)).length };
}

test("objects with summaries, rich values and superseded events are on the disk before the journals go", async () => {
  const backend = volatileBackend();
  const ledger = await open(backend);
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  run.log(Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`layers/${i}`, i])));
  await Promise.all(Array.from({ length: 201 }, (_, i) => run.logText("sample", `text ${i}`)));
  for (let i = 0; i < 10; i++) run.setTags({ phase: i });
  await run.flush();
  const before = await recordsOf(ledger, run.id);
  expect(before).toEqual({ metrics: 2001, tags: { phase: "9" }, damage: [], texts: 201 });
  backend.sync();
  await run.finish();
  const kinds = [...(backend.cuts.at(-1)?.seen.keys() ?? [])].flatMap(
    (key) => /metrics-.*\.(\w+)$/.exec(key)?.[1] ?? [],
  );
  expect(kinds.toSorted()).toEqual(["events", "media", "summaries"]);
  expect(backend.cuts.some(({ after }) => after.startsWith("remove"))).toBe(true);
  for (const { after, disk } of backend.cuts) {
    const image = memoryBackend();
    image.restore(disk);
    expect(await recordsOf(await open(image), run.id), `after ${after}`).toEqual(before);
  }
});
