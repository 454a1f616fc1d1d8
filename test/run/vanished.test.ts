import fc from "fast-check";
import { mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, LedgerError, openLedger, type Run } from "../../src/index.ts";
import { countingBackend, seededIds } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { cases } from "../rounds.ts";

const BY_HAND = { environment: false, flush: { intervalMs: 1e9 } };

async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-vanished-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return join(directory, "ledger");
}

async function logged(run: Run, from: number, to: number): Promise<void> {
  for (let step = from; step < to; step++) run.log({ loss: step }, { step });
  await run.flush();
}

const journalOf = (directory: string, run: Run): string => join(directory, "runs", run.id, "journal");

async function segmentOf(directory: string, run: Run): Promise<string> {
  const [name] = await readdir(journalOf(directory, run));
  return join(journalOf(directory, run), name as string);
}

const harms: { [name: string]: (directory: string, run: Run) => Promise<void> } = {
  "the segment is removed": async (directory, run) => await rm(await segmentOf(directory, run)),
  "the segment is renamed": async (directory, run) => {
    const segment = await segmentOf(directory, run);
    await rename(segment, join(directory, "kept"));
  },
  "the segment is emptied": async (directory, run) => await truncate(await segmentOf(directory, run), 0),
  "another file has the segment's name": async (directory, run) => {
    const segment = await segmentOf(directory, run);
    await rm(segment);
    await writeFile(segment, "");
  },
  "the journal is removed": async (directory, run) => await rm(journalOf(directory, run), { recursive: true }),
  "the run is removed": async (directory, run) => await rm(join(directory, "runs", run.id), { recursive: true }),
  "the ledger is removed": async (directory) => await rm(directory, { recursive: true }),
  "the ledger is moved away": async (directory) => await rename(directory, `${directory}-was`),
};

test.each(Object.entries(harms))(
  "%s while a run is written: the run goes on where it can be read, and what is gone is told",
  async (_name, harm) => {
    for (const reopened of [false, true]) {
      const directory = await place();
      const told: LedgerError[] = [];
      const ledger = await openLedger(fsBackend(directory), { onError: (error) => told.push(error) });
      const run = await ledger.startRun(BY_HAND);
      await logged(run, 0, 10);
      await harm(directory, run);
      // Another process that opens the emptied place creates a ledger there, whose catalogue says that it is complete.
      if (reopened) await openLedger(fsBackend(directory)).catch(() => {});
      expect(told).toEqual([]);
      await logged(run, 10, 15);
      expect(told[0]).toMatchObject({ code: "CONFLICT" });
      expect(told[0]?.message).toContain("up to 10 acknowledged points are gone");
      expect(run.stats).toMatchObject({ points: 15, acknowledged: 5, buffered: 0, dropped: 10 });
      await logged(run, 15, 20);
      expect(told.filter(({ message }) => message.includes("acknowledged points"))).toHaveLength(1);

      for (const status of ["running", "finished"]) {
        const other = await openLedger(fsBackend(directory));
        expect([...(await other.history(run.id, "loss", { damaged: "skip" })).steps]).toEqual([
          10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        ]);
        expect((await other.searchRuns()).runs.map(({ id }) => id)).toEqual([run.id]);
        expect(await other.getRun(run.id)).toMatchObject({ status, dropped: 10 });
        if (status === "running") await run.finish();
      }
    }
  },
);

test("a ledger that was removed is one again with the next run", async () => {
  const directory = await place();
  const told: LedgerError[] = [];
  const ledger = await openLedger(fsBackend(directory), { onError: (error) => told.push(error) });
  await rm(directory, { recursive: true, maxRetries: 10 });
  const run = await ledger.startRun();
  expect(told).toMatchObject([{ code: "CONFLICT", key: "ledger.json" }]);
  await run.finish();
  const other = await openLedger(fsBackend(directory));
  expect((await other.searchRuns()).runs.map(({ id }) => id)).toEqual([run.id]);
  expect(told).toHaveLength(1);
});

test.each([0, 1, 40])(
  "ledger.json cut to %i bytes is told and written again, by startRun and finish()",
  async (size) => {
    const directory = await place();
    const told: LedgerError[] = [];
    const ledger = await openLedger(fsBackend(directory), { onError: (error) => told.push(error) });
    const marker = join(directory, "ledger.json");
    const before = await readFile(marker, "utf8");
    await truncate(marker, size);
    const run = await ledger.startRun();
    expect(await readFile(marker, "utf8")).toBe(before);
    await truncate(marker, size);
    await run.finish();
    expect(await readFile(marker, "utf8")).toBe(before);
    expect(told.map(({ code, key }) => `${code} ${key}`)).toEqual(["CONFLICT ledger.json", "CONFLICT ledger.json"]);
    expect(told[0]?.message).toContain("another program has cut ledger.json");
    expect((await (await openLedger(fsBackend(directory))).searchRuns()).runs).toHaveLength(1);
  },
);

test("removed between the last flush and finish(): what is gone is told, and the run closes", async () => {
  const directory = await place();
  const told: LedgerError[] = [];
  const ledger = await openLedger(fsBackend(directory), { onError: (error) => told.push(error) });
  const run = await ledger.startRun(BY_HAND);
  await logged(run, 0, 10);
  await rm(directory, { recursive: true });
  await run.finish();
  expect(told[0]?.message).toContain("up to 10 acknowledged points are gone");
  const other = await openLedger(fsBackend(directory));
  expect(await other.getRun(run.id)).toMatchObject({ status: "finished", dropped: 10, metrics: {} });
});

test("while the place cannot be written to nothing is acknowledged; once it can, the rest is stored", async () => {
  const inner = memoryBackend();
  let refuses = false;
  const backend: Backend = {
    ...inner,
    capabilities: { ...inner.capabilities, move: false },
    append: (key, bytes, options) => inner.append!(key, bytes, options),
    create: async (key, body, options) => {
      if (refuses) throw new Error("read-only");
      await inner.create(key, body, options);
    },
    read: (key, options) => inner.read(key, options),
    stat: (key, options) => inner.stat(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    remove: (key, options) => inner.remove(key, options),
  };
  const ledger = await openLedger(backend, { onError: () => {} });
  const run = await ledger.startRun(BY_HAND);
  await logged(run, 0, 3);
  inner.restore(new Map());
  refuses = true;
  run.log({ loss: 3 }, { step: 3 });
  for (let i = 0; i < 3; i++) await expect(run.flush()).rejects.toMatchObject({ code: "IO" });
  expect(run.stats).toMatchObject({ acknowledged: 0, buffered: 1, dropped: 3 });
  refuses = false;
  await run.flush();
  const other = await openLedger(inner.open());
  expect([...(await other.history(run.id, "loss")).steps]).toEqual([3]);
  await run.finish();
});

/** The same bytes for the key, cut. */
function cut(backend: MemoryBackend, key: string, share: number): void {
  const contents = new Map(backend.snapshot());
  const bytes = contents.get(key) as Uint8Array;
  contents.set(key, bytes.slice(0, Math.floor(bytes.length * share)));
  backend.restore(contents);
}

test("property: whatever is removed or cut while a run is written, all that was logged later is there, and a loss is told", async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("log" as const), rows: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("flush" as const) }) },
    { arbitrary: fc.record({ kind: fc.constant("remove" as const), of: fc.nat() }), weight: 1 },
    {
      arbitrary: fc.record({
        kind: fc.constant("cut" as const),
        of: fc.nat(),
        share: fc.double({ min: 0, max: 0.99 }),
      }),
      weight: 1,
    },
    { arbitrary: fc.record({ kind: fc.constant("empty" as const) }), weight: 1 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.integer(), async (steps, seed) => {
      const backend = memoryBackend();
      const told: LedgerError[] = [];
      const ids = seededIds(seed, () => 1e12);
      const ledger = await openLedger(backend.open(), { ids, onError: (error) => told.push(error) });
      const run = await ledger.startRun(BY_HAND);
      let next = 0;
      let safe = 0;
      for (const each of steps) {
        if (each.kind === "log") for (let i = 0; i < each.rows; i++) run.log({ loss: next }, { step: next++ });
        else if (each.kind === "flush") {
          await run.flush();
        } else {
          const segments = [...backend.snapshot().keys()].filter((key) => key.includes("/journal/"));
          if (segments.length === 0 && each.kind !== "empty") continue;
          // What is not stored yet is still in memory.
          safe = run.stats.points - run.stats.buffered;
          if (each.kind === "empty") backend.restore(new Map());
          else if (each.kind === "remove") backend.open().remove(segments[each.of % segments.length] as string);
          else cut(backend, segments[each.of % segments.length] as string, each.share);
        }
      }
      run.log({ loss: next }, { step: next++ });
      await run.flush();
      const { stats } = run;
      expect(stats.points).toBe(next);
      expect(stats.acknowledged + stats.dropped).toBe(next);
      await run.finish();
      const other = await openLedger(backend.open());
      const steps_ = new Set((await other.history(run.id, "loss", { damaged: "skip" })).steps);
      for (let i = safe; i < next; i++) expect(steps_).toContain(i);
      if (steps_.size < next) {
        expect(told.some(({ code }) => code === "CONFLICT")).toBe(true);
        expect(run.stats.dropped).toBeGreaterThanOrEqual(next - steps_.size);
        // What an earlier loss left on record may be lost as well.
        expect((await other.getRun(run.id)).dropped).toBeGreaterThan(0);
      }
      expect((await other.searchRuns()).runs.map(({ id }) => id)).toEqual([run.id]);
    }),
    { numRuns: cases(150) },
  );
});

test("where each flush is an object: objects that others removed are stored again at the end, from memory", async () => {
  const inner = memoryBackend();
  const told: LedgerError[] = [];
  const ledger = await openLedger(objectsOnly(inner), { onError: (error) => told.push(error) });
  const run = await ledger.startRun(BY_HAND);
  for (let i = 0; i < 5; i++) await logged(run, 10 * i, 10 * i + 10);
  inner.restore(new Map());
  await run.finish();
  expect(told.map(({ code }) => code)).toEqual(["CONFLICT", "CONFLICT", "CONFLICT"]);
  const other = await openLedger(inner.open());
  expect((await other.history(run.id, "loss")).steps).toHaveLength(50);
  expect(await other.getRun(run.id)).toMatchObject({ status: "finished", dropped: 0 });
});

test("what is not in memory any more is counted, and the run closes as damaged", { timeout: 180_000 }, async () => {
  const inner = memoryBackend();
  const told: LedgerError[] = [];
  const ledger = await openLedger(objectsOnly(inner), { onError: (error) => told.push(error) });
  const run = await ledger.startRun({
    ...BY_HAND,
    flush: { intervalMs: 1e9, maxPoints: 1e9, maxBytes: 1e9, maxBufferedBytes: 1e9 },
  });
  // More than what is kept in memory, in one flush.
  for (let step = 0; step < 900_000; step++) run.log({ loss: Math.sin(step * step) }, { step });
  await run.flush();
  await logged(run, 900_000, 900_010);
  const big = [...inner.snapshot()]
    .filter(([key]) => key.includes("/journal/"))
    .sort((a, b) => b[1].length - a[1].length);
  for (const [key] of big.slice(0, -1)) await inner.remove(key);
  await run.finish();
  const { dropped, status } = await ledger.getRun(run.id);
  expect(status).toBe("finished");
  expect(dropped).toBeGreaterThan(100_000);
  expect(run.stats.acknowledged + run.stats.dropped).toBe(900_010);
  expect(told.length).toBeGreaterThan(0);
  await expect(ledger.history(run.id, "loss")).rejects.toMatchObject({ code: "CORRUPT" });
  const { steps } = await ledger.history(run.id, "loss", { damaged: "skip" });
  expect(steps.length).toBeGreaterThanOrEqual(900_010 - dropped);
});

test("what is lost is counted once: at the end too, where the rest got a new name", async () => {
  const backend = memoryBackend();
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend.open(), { onError: (error) => told.push(error) });
  const run = await ledger.startRun(BY_HAND);
  await logged(run, 0, 1000);
  for (const key of backend.snapshot().keys()) if (key.includes("/journal/")) await backend.open().remove(key);
  for (let step = 1000; step < 1005; step++) run.log({ loss: step }, { step });
  await run.finish();
  expect(told.map(({ message }) => /up to \d+/.exec(message)?.[0])).toEqual(["up to 1000"]);
  expect(run.stats).toMatchObject({ points: 1005, acknowledged: 5, dropped: 1000 });
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "finished", dropped: 1000 });
});

/** Records so many MiB, which hold no points. */
function noteAtLength(run: Run, megabytes: number): void {
  for (let i = 0; i < megabytes; i++) run.setNote(String(i).repeat(1024 * 1024));
}

test.each([10, 0])(
  "an object with %i points that is lost is counted once, however often the end is tried",
  async (points) => {
    const inner = memoryBackend();
    let refuses = true;
    const backend = objectsOnly(inner);
    const place: Backend = {
      ...backend,
      create: async (key, body, options) => {
        if (refuses && key.endsWith("/run.json")) throw new LedgerError("IO", "the disk is away");
        await backend.create(key, body, options);
      },
    };
    const told: LedgerError[] = [];
    const ledger = await openLedger(place, { onError: (error) => told.push(error) });
    const run = await ledger.startRun(BY_HAND);
    await run.flush();
    const before = new Set(inner.snapshot().keys());
    noteAtLength(run, 3);
    await logged(run, 0, points);
    const added = [...inner.snapshot().keys()].filter((key) => !before.has(key));
    expect(added).toHaveLength(1);
    // With this it is more than is kept in memory, so the first object leaves it.
    noteAtLength(run, 3);
    await run.flush();
    noteAtLength(run, 3);
    await logged(run, points, 10 + points);
    await inner.remove(added[0]!);
    await expect(run.finish()).rejects.toMatchObject({ code: "IO" });
    await expect(run.finish()).rejects.toMatchObject({ code: "IO" });
    refuses = false;
    await run.finish();
    expect(told.filter(({ code }) => code === "CONFLICT")).toHaveLength(1);
    expect(run.stats).toMatchObject({ points: 10 + points, acknowledged: 10, dropped: points });
    const record = await ledger.getRun(run.id);
    expect(record).toMatchObject({ status: "finished", dropped: points });
    expect(record.damage).toMatchObject([{ kind: "missing" }]);
  },
);

test("a journal that others have compacted, since its writer seemed to be gone, is not lost", async () => {
  const place = memoryBackend();
  const told: LedgerError[] = [];
  const ledger = await openLedger(place, { onError: (error) => told.push(error) });
  const run = await ledger.startRun(BY_HAND);
  await logged(run, 0, 10);
  await (await openLedger(place.open())).recover(run.id, { graceMs: 0 });
  // As a session that compacts the run may do once the writer is shut out for good.
  for (const key of place.snapshot().keys()) if (key.includes("/journal/")) await place.remove(key);
  await logged(run, 10, 20);
  expect(told).toEqual([]);
  expect(run.stats).toMatchObject({ acknowledged: 20, dropped: 0 });
  await run.finish();
  expect((await ledger.history(run.id, "loss")).steps).toHaveLength(20);
});

test("what it costs: one request when a run starts and one with its first flush, none while it is written and closed", async () => {
  const counting = countingBackend(memoryBackend());
  const ledger = await openLedger(counting);
  counting.reset();
  const run = await ledger.startRun(BY_HAND);
  expect(counting.counters).toMatchObject({ requests: 3, create: 2, stat: 1 });
  counting.reset();
  run.log({ loss: 1 });
  await run.flush();
  // Whether the run is still there, once, and whether another session has shut this one out, each time.
  expect(counting.counters).toMatchObject({ requests: 3, append: 1, stat: 2 });
  counting.reset();
  run.log({ loss: 1 });
  await run.flush();
  expect(counting.counters).toMatchObject({ requests: 2, append: 1, stat: 1 });
});

test("ledger.json alone is removed while a run is written: finish and resumeRun say so, and write it again", async () => {
  const backend = memoryBackend();
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
  const marker = await backend.read("ledger.json");
  const run = await ledger.startRun(BY_HAND);
  await logged(run, 0, 10);
  await backend.remove("ledger.json");
  await logged(run, 10, 20);
  await run.finish();
  expect(told).toMatchObject([{ code: "CONFLICT", key: "ledger.json" }]);
  expect(await backend.read("ledger.json")).toEqual(marker);

  await backend.remove("ledger.json");
  const resumed = await ledger.resumeRun(run.id);
  expect(told).toHaveLength(2);
  expect(await backend.read("ledger.json")).toEqual(marker);
  await resumed.finish();
  expect(told).toHaveLength(2);
});

test.skipIf(process.platform === "win32").each(["journal", "", ".."])(
  "nothing is acknowledged into a directory of the run that was moved away with a link left for it (%s)",
  async (below) => {
    const directory = await place();
    const told: LedgerError[] = [];
    const ledger = await openLedger(fsBackend(directory), { onError: (error) => told.push(error) });
    const run = await ledger.startRun(BY_HAND);
    await logged(run, 0, 10);
    const moved = join(directory, "runs", run.id, below);
    await rename(moved, `${directory}-moved`);
    await symlink(`${directory}-moved`, moved);
    for (let i = 0; i < 2; i++) {
      run.log({ loss: 10 }, { step: 10 });
      await expect(run.flush()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    }
    expect(run.stats.acknowledged).toBe(10);
    await rm(moved);
    await rename(`${directory}-moved`, moved);
    await run.flush();
    await run.finish();
    expect((await ledger.history(run.id, "loss")).steps).toHaveLength(12);
    expect(run.stats).toMatchObject({ acknowledged: 12, dropped: 0 });
  },
);
