import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, LedgerError, openLedger, type RunRecord } from "../../src/index.ts";
import type { RunEvent } from "../../src/journal/event.ts";
import { readEventItems } from "../../src/journal/compacted-items.ts";
import { readRunDocument } from "../../src/journal/read-run-document.ts";
import { MAX_RUN_SIZE } from "../../src/journal/run-size.ts";
import { objectsOnly } from "../journal/records.ts";
import { isFull } from "../rounds.ts";
import { recordingBackend } from "../../src/testing/index.ts";

async function names(backend: Backend, id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of backend.list(`runs/${id}`)) found.push(key.slice(`runs/${id}/`.length));
  return found;
}

/** A row of so many metrics. */
const wide = (n: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 1]));

const kinds = (list: readonly string[]): string[] => list.map((name) => name.replace(/-[0-9a-z]{26}/, "-ID")).sort();

async function eventsOf(backend: Backend, id: string, document = 1): Promise<RunEvent[]> {
  const found = await readRunDocument(backend, id, document);
  const events: RunEvent[] = [];
  for await (const { event } of readEventItems(backend, id, found?.compacted?.events ?? [])) events.push(event);
  return events;
}

/** What a reader sees that has nothing in memory. */
async function readAgain(backend: Backend, id: string): Promise<RunRecord> {
  return await (await openLedger(backend)).getRun(id);
}

const stores: [how: string, make: () => Backend][] = [
  ["appends", () => memoryBackend()],
  ["creates an object a flush", () => objectsOnly()],
];

describe.each(isFull ? stores : stores.slice(0, 1))("on a store that %s", (_, make) => {
  test("more metrics, events and rich values than a document would hold", { timeout: 180_000 }, async () => {
    const backend = make();
    const ledger = await openLedger(backend);
    const run = await ledger.startRun({ experiment: "large" });
    run.defineMetric("layer7/norm", { goal: "minimize" });
    for (let i = 0; i < 1500; i++) run.log({ [`layer${i}/norm`]: i, [`layer${i}/nan`]: Number.NaN }, { step: i });
    for (let i = 0; i < 5000; i++) run.setTags({ progress: `step ${i}`, [`tag${i % 10}`]: i });
    const texts = Array.from({ length: 1000 }, (__, i) => run.logText("sample", `hello ${i}`, { step: i }));
    for (let i = 0; i < 20; i++) run.setNote(`${i}`.repeat(500_000));
    await Promise.all(texts);
    await run.flush();
    const before = await readAgain(backend, run.id);
    await run.finish();

    const objects = await names(backend, run.id);
    expect(kinds(objects)).toEqual([
      "metrics-ID.events",
      "metrics-ID.media",
      "metrics-ID.summaries",
      "metrics.parquet",
      "run.created.json",
      "run.json",
    ]);
    const { size } = (await backend.stat(`runs/${run.id}/run.json`))!;
    expect(size).toBeLessThan(2_100_000);

    const seen = recordingBackend(backend);
    const record = await readAgain(seen, run.id);
    expect(record).toEqual({
      ...before,
      status: "finished",
      endTime: record.endTime,
      lastActivity: record.lastActivity,
    });
    expect(Object.keys(record.metrics)).toHaveLength(3000);
    expect(record.metrics["layer7/norm"]).toEqual({
      last: { value: 7, step: 7, time: expect.any(Number) },
      min: { value: 7, step: 7, time: expect.any(Number) },
      max: { value: 7, step: 7, time: expect.any(Number) },
      best: { value: 7, step: 7, time: expect.any(Number) },
      mean: 7,
      count: 1,
    });
    expect(record.metrics["layer7/nan"]!.mean).toBeNaN();
    expect(record.note).toBe("19".repeat(500_000));
    expect(record.tags).toMatchObject({ progress: "step 4999", tag9: "4999" });
    expect(record.media!["sample"]).toMatchObject({ count: 1000, last: { step: 999 } });
    // Nothing that was superseded is read.
    const read = seen.calls.filter(({ operation }) => operation === "read").map(({ key }) => key.split("/").at(-1)!);
    expect(kinds(read)).not.toContain("metrics-ID.events");
    expect(kinds(read)).not.toContain("metrics-ID.media");

    const again = await openLedger(backend);
    expect((await again.searchRuns({ filter: "metrics.`layer7/norm` = 7" })).runs[0]).toEqual(record);
    expect((await again.history(run.id, "layer1499/norm")).values).toEqual(Float64Array.of(1499));
    const media = await again.media(run.id);
    expect(media.map(({ inline }) => inline)).toEqual(Array.from({ length: 1000 }, (__, i) => `hello ${i}`));
    expect(await again.media(run.id, { from: 500, to: 501 })).toHaveLength(2);

    const events = await eventsOf(backend, run.id);
    expect(events.filter(({ kind }) => kind === "tags")).toHaveLength(5000);
    expect(events.filter(({ kind }) => kind === "note")).toHaveLength(20);
    expect(events.some(({ kind }) => kind === "media" || kind === "beat")).toBe(false);
  });

  test("a later session keeps superseded events and continues the lists", { timeout: 180_000 }, async () => {
    const backend = make();
    const ledger = await openLedger(backend);
    const first = await ledger.startRun();
    first.setNote("first");
    first.setTags({ a: 1, b: 1 });
    first.log({ loss: 1 });
    await first.logText("few", "one");
    await first.finish();
    expect(kinds(await names(backend, first.id))).toEqual(["metrics.parquet", "run.created.json", "run.json"]);

    const second = await ledger.resumeRun(first.id);
    second.setNote("second");
    second.setNote("third");
    for (let i = 0; i < 300; i++) void second.logText("many", `${i}`, { step: i });
    await second.finish();
    const third = await ledger.resumeRun(first.id);
    third.log(wide(2500));
    await third.logText("many", "last", { step: 300 });
    third.setTags({ a: 2 });
    await third.finish();

    const record = await readAgain(backend, first.id);
    expect(record).toMatchObject({ note: "third", tags: { a: "2", b: "1" }, status: "finished", damage: [] });
    expect(record.media).toMatchObject({ few: { count: 1 }, many: { count: 301, last: { step: 300 } } });
    expect(Object.keys(record.metrics)).toHaveLength(2501);
    const media = await (await openLedger(backend)).media(first.id);
    expect(media).toHaveLength(302);
    expect(media.at(-1)?.inline).toBe("last");
    const notes = (await eventsOf(backend, first.id, 3)).filter((event) => event.kind === "note");
    expect(notes.map(({ text }) => text)).toEqual(["first", "second", "third"]);
    // Objects that no document names any more are gone.
    expect(kinds(await names(backend, first.id))).toEqual([
      "metrics-ID.events",
      "metrics-ID.events",
      "metrics-ID.media",
      "metrics-ID.media",
      "metrics-ID.summaries",
      "metrics.0002.parquet",
      "run.0002.json",
      "run.0003.json",
      "run.created.json",
      "run.json",
    ]);
    // Of values in several objects, those in the objects that are left can be read.
    const lists = (await names(backend, first.id)).filter((name) => name.endsWith(".media"));
    const counts: number[] = [];
    for (const name of lists) {
      const key = `runs/${first.id}/${name}`;
      const bytes = await backend.read(key);
      await backend.remove(key);
      const reader = await openLedger(backend);
      await expect(reader.media(first.id)).rejects.toMatchObject({ code: "CORRUPT", key });
      counts.push((await reader.media(first.id, { damaged: "skip" })).length);
      await backend.create(key, bytes);
    }
    expect(counts.sort()).toEqual([1, 301]);
  });
});

test("a run cannot begin with more than it may hold, and nothing of it is stored", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const many = (what: string, length: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length }, (_, i) => [`${what} ${i}`, i]));
  const half = MAX_RUN_SIZE.names / 2;
  const tooLarge = { code: "TOO_LARGE", message: expect.stringContaining(`more than the ${MAX_RUN_SIZE.names}`) };
  await expect(ledger.startRun({ params: many("p", 2 * half + 1) })).rejects.toMatchObject({
    ...tooLarge,
    field: "params",
  });
  const tags = Object.fromEntries(Object.entries(many("t", half + 1)).map(([key, value]) => [key, String(value)]));
  await expect(ledger.startRun({ params: many("p", half), tags })).rejects.toMatchObject({
    ...tooLarge,
    field: "tags",
  });
  expect((await ledger.searchRuns()).runs).toEqual([]);
  const run = await ledger.startRun({ params: many("p", half) });
  run.setTags({ goes: "on" });
  await run.finish();
  expect((await ledger.getRun(run.id)).tags).toEqual({ goes: "on" });
});

test("while another writer continues, the summaries of both are separate from the compacted ones", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const first = await ledger.startRun();
  first.log(wide(2500));
  await first.finish();
  const [second, third] = [await ledger.resumeRun(first.id), await ledger.resumeRun(first.id)];
  second.log({ k0: 10, other: 1 });
  third.log({ k1: 11 });
  await third.flush();
  await second.finish();
  const middle = await readAgain(backend, first.id);
  expect(middle.metrics["k0"]!.count).toBe(2);
  await third.finish();
  const record = await readAgain(backend, first.id);
  expect(record.metrics["k0"]).toMatchObject({ count: 2, last: { value: 10 } });
  expect(record.metrics["k1"]).toMatchObject({ count: 2, last: { value: 11 } });
  expect((await (await openLedger(backend)).history(first.id, "k1")).values).toEqual(Float64Array.of(1, 11));
});

describe("the bound of a run", () => {
  test("applies at the call, and the run continues and closes", { timeout: 180_000 }, async () => {
    const backend = memoryBackend();
    const ledger = await openLedger(backend);
    const run = await ledger.startRun();
    const refused: LedgerError[] = [];
    const tags = Array.from({ length: MAX_RUN_SIZE.names - 5 }, (_, i) => [`tag ${i}`, i]);
    for (let i = 0; i < tags.length; i += 20_000) run.setTags(Object.fromEntries(tags.slice(i, i + 20_000)));
    for (let i = tags.length; i < MAX_RUN_SIZE.names + 5; i++) {
      try {
        run.setTags({ [`tag ${i}`]: i });
      } catch (error) {
        refused.push(error as LedgerError);
      }
    }
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({ code: "TOO_LARGE", field: "tags" });
    // What is there already can be replaced.
    run.setTags({ "tag 7": "new" });
    run.setNote("a note");
    run.log({ loss: 1 });
    await run.finish();
    const record = await readAgain(backend, run.id);
    expect(Object.keys(record.tags)).toHaveLength(MAX_RUN_SIZE.names);
    expect(record).toMatchObject({ status: "finished", note: "a note" });
    expect(record.tags["tag 7"]).toBe("new");
    expect((await ledger.recover()).running).toEqual([]);
  });

  test.skipIf(!isFull)("refuses an artifact before anything of it is uploaded", { timeout: 180_000 }, async () => {
    const backend = recordingBackend(memoryBackend());
    const ledger = await openLedger(backend);
    const run = await ledger.startRun();
    const tags = Array.from({ length: MAX_RUN_SIZE.names - 1 }, (_, i) => [`tag ${i}`, i]);
    for (let i = 0; i < tags.length; i += 20_000) run.setTags(Object.fromEntries(tags.slice(i, i + 20_000)));
    // Of several at once as many as there is room for.
    const data = [1, 2, 3].map((byte) => new Uint8Array([byte]));
    const outcomes = await Promise.allSettled(data.map((bytes) => run.logArtifact("model", bytes)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    const uploads = backend.calls.filter(({ key, operation }) => operation === "create" && key.startsWith("blobs/"));
    expect(uploads).toHaveLength(1);
    const before = backend.calls.length;
    await expect(run.logArtifact("model", new Uint8Array([2]))).rejects.toMatchObject({
      code: "TOO_LARGE",
      field: "artifact",
    });
    expect(backend.calls).toHaveLength(before);
    await run.finish();
    expect((await ledger.artifactVersions("model")).map(({ version }) => version)).toEqual(["v0"]);
  });

  test.skipIf(!isFull)("counts what the run began with and what earlier sessions set", async () => {
    const backend = memoryBackend();
    const ledger = await openLedger(backend);
    const big = "x".repeat(7 * 1024 * 1024);
    const first = await ledger.startRun({ params: { a: big } });
    first.setParams({ b: big });
    await first.finish();
    const second = await ledger.resumeRun(first.id);
    second.setParams({ c: big });
    second.setParams({ c: `${big.slice(1)}y` }, { overwrite: true });
    second.setParams({ d: big });
    expect(() => second.setParams({ e: big })).toThrowError(
      expect.objectContaining({ code: "TOO_LARGE", field: "params" }),
    );
    expect(() => second.setParams({ f: "x".repeat(17 * 1024 * 1024) })).toThrowError(
      expect.objectContaining({ code: "TOO_LARGE" }),
    );
    second.log({ loss: 1 });
    await second.finish();
    expect(Object.keys((await readAgain(backend, first.id)).params)).toEqual(["a", "b", "c", "d"]);
  });
});

describe("a close that fails", () => {
  const isDocument = (key: string): boolean => /\/run(\.\d+)?\.json$/.test(key);

  test("leaves no Parquet, however often it is tried", async () => {
    const inner = memoryBackend();
    let broken = true;
    const backend: Backend = {
      ...bound(inner),
      create: async (key, body, options) => {
        if (broken && isDocument(key)) throw new LedgerError("IO", "no room", { key });
        await inner.create(key, body, options);
      },
    };
    const ledger = await openLedger(backend);
    const run = await ledger.startRun();
    run.log(wide(3000));
    run.setNote("a");
    run.setNote("b");
    for (let i = 0; i < 3; i++) {
      await expect(run.finish()).rejects.toMatchObject({ code: "IO" });
      expect((await names(inner, run.id)).filter((name) => name.startsWith("metrics"))).toEqual([]);
    }
    broken = false;
    await run.finish();
    expect(kinds((await names(inner, run.id)).filter((name) => name.startsWith("metrics")))).toEqual([
      "metrics-ID.events",
      "metrics-ID.summaries",
      "metrics.parquet",
    ]);
  });

  test("keeps what the document names when only the answer was lost", async () => {
    const inner = memoryBackend();
    let left = 1;
    let deaf = false;
    const refuse = (key: string): never => {
      throw new LedgerError("IO", "no answer", { key });
    };
    const backend: Backend = {
      ...bound(inner),
      create: async (key, body, options) => {
        await inner.create(key, body, options);
        if (isDocument(key) && left-- > 0) {
          deaf = true;
          refuse(key);
        }
      },
      read: async (key, options) => (deaf && isDocument(key) ? refuse(key) : await inner.read(key, options)),
      stat: async (key, options) => (deaf && isDocument(key) ? refuse(key) : await inner.stat(key, options)),
    };
    const ledger = await openLedger(backend);
    const run = await ledger.startRun();
    run.log(wide(3000));
    await expect(run.finish()).rejects.toMatchObject({ code: "IO" });
    deaf = false;
    await run.finish();
    const record = await readAgain(inner, run.id);
    expect(Object.keys(record.metrics)).toHaveLength(3000);
    expect(record.damage).toEqual([]);
    expect((await (await openLedger(inner)).history(run.id, "k7")).values).toEqual(Float64Array.of(1));
    expect((await names(inner, run.id)).filter((name) => name.endsWith(".parquet"))).toEqual(["metrics.parquet"]);
  });

  test.each([1, 2])(
    "removes no journal before the document survives a power cut, when syncing it fails %i times",
    async (times) => {
      const inner = memoryBackend();
      let left = times;
      const done: string[] = [];
      const backend: Backend = {
        ...bound(inner),
        create: async (key, body, options) => {
          if (!isDocument(key) || !options?.durable) return await inner.create(key, body, options);
          // The object gets its name before the directory is synced.
          const outcome = await inner.create(key, body, options).catch((error: unknown) => error);
          if (left-- > 0) throw new LedgerError("IO", "cannot sync", { key });
          done.push("document");
          if (outcome !== undefined) throw outcome;
        },
        remove: async (key, options) => {
          if (!key.endsWith(".json")) done.push("remove");
          await inner.remove(key, options);
        },
      };
      const ledger = await openLedger(backend);
      const run = await ledger.startRun();
      run.log({ loss: 1 });
      if (times > 1) {
        await expect(run.finish()).rejects.toMatchObject({ code: "IO" });
        expect(done).toEqual([]);
      }
      await run.finish();
      expect(done.slice(0, 2)).toEqual(times > 1 ? [] : ["document", "remove"]);
      expect(await readAgain(inner, run.id)).toMatchObject({ status: "finished", damage: [] });
    },
  );

  test("every single failing call is survived, and the next attempt leaves one Parquet file", async () => {
    let wasStruck = true;
    for (let n = 1; wasStruck; n++) {
      const inner = memoryBackend();
      const faults = { armed: false, at: n, lostAnswer: n % 2 === 0, calls: 0 };
      const ledger = await openLedger(failing(inner, faults), { onError: () => {} });
      const run = await ledger.startRun();
      run.log(wide(20));
      run.setNote("a");
      run.setNote("b");
      await run.flush();
      faults.armed = true;
      const outcome = await run.finish().then(
        () => "closed",
        () => "failed",
      );
      faults.armed = false;
      wasStruck = faults.calls >= n;
      await run.finish();
      const left = (await names(inner, run.id)).filter((name) => name.startsWith("metrics"));
      expect(
        left.filter((name) => name.endsWith(".parquet")),
        `call ${n}: ${outcome}`,
      ).toHaveLength(1);
      expect(await readAgain(inner, run.id)).toMatchObject({ status: "finished", note: "b", damage: [] });
    }
  });
});

/** Fails in one call: before it is made, or with its answer lost. */
function failing(
  inner: Backend,
  faults: { armed: boolean; readonly at: number; readonly lostAnswer: boolean; calls: number },
): Backend {
  const plain = bound(inner);
  const call = (name: "create" | "read" | "stat" | "remove" | "append") => {
    const method = plain[name] as (...args: unknown[]) => Promise<unknown>;
    return async (...args: unknown[]): Promise<unknown> => {
      const isStruck = faults.armed && ++faults.calls === faults.at;
      const result = isStruck && !faults.lostAnswer ? undefined : await method(...args);
      if (isStruck) throw new LedgerError("IO", `call ${faults.at}, ${name}, fails`);
      return result;
    };
  };
  const methods = { create: call("create"), read: call("read"), stat: call("stat"), remove: call("remove") };
  return { ...plain, ...methods, append: call("append") } as Backend;
}

/** Methods of a backend that can be spread. */
function bound(backend: Backend): Backend {
  const call = <K extends keyof Backend>(name: K): Backend[K] =>
    (backend[name] as () => unknown).bind(backend) as never;
  return {
    contract: 1,
    name: backend.name,
    capabilities: { ...backend.capabilities, move: false },
    create: call("create"),
    read: call("read"),
    stat: call("stat"),
    list: call("list"),
    remove: call("remove"),
    append: call("append"),
  } as Backend;
}
