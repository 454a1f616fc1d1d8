import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger, type RunQuery } from "../../src/index.ts";
import { enter } from "../../src/catalog/catalog-entry.ts";
import { encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { encodeLifecycle, lifecycleKey, parseLifecycleKey, readLifecycle } from "../../src/journal/lifecycle.ts";
import { createTestClock, faultyBackend, type FaultMode, seededIds, type TestClock } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

const code = (expected: string, key?: string): object =>
  expect.objectContaining({ code: expected, ...(key !== undefined && { key }) });

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true });
});

const PLACES: [string, () => Promise<Backend>][] = [
  ["memory", async () => memoryBackend()],
  ["objects", async () => objectsOnly()],
  [
    "fs",
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "rl-delete-"));
      directories.push(directory);
      return fsBackend(directory);
    },
  ],
];

async function open(backend: Backend, clock: TestClock = createTestClock(), seed = 1): Promise<Ledger> {
  return await openLedger(backend, { clock, ids: seededIds(seed, () => clock.now()) });
}

/** All there is but the catalogue. */
async function contents(backend: Backend, prefix = ""): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { key } of backend.list(prefix))
    if (!key.startsWith("experiments/")) found.set(key, Buffer.from(await backend.read(key)).toString("base64"));
  return found;
}

const ids = async (ledger: Ledger, query?: RunQuery): Promise<string[]> =>
  (await ledger.searchRuns(query)).runs.map(({ id }) => id);

async function finished(ledger: Ledger): Promise<string> {
  const run = await ledger.startRun();
  run.log({ loss: 1 });
  await run.finish();
  return run.id;
}

describe.each(PLACES)("%s", (_name, place) => {
  test("a deleted run is left out, can be read, and comes back; nothing of it changes", async () => {
    const backend = await place();
    const clock = createTestClock();
    const ledger = await open(backend, clock);
    const kept = await finished(ledger);
    const id = await finished(ledger);
    const before = await contents(backend);
    const record = await ledger.getRun(id);
    expect(record).not.toHaveProperty("deletedAt");

    // What is as it shall be already writes nothing.
    await ledger.restoreRun(id);
    expect(await contents(backend)).toEqual(before);

    await clock.advance(1000);
    const deletedAt = clock.now();
    await ledger.deleteRun(id);
    expect(await contents(backend)).toEqual(
      new Map([
        ...before,
        [
          lifecycleKey(id, 1),
          Buffer.from(encodeLifecycle(id, 1, { deleted: true, time: deletedAt })).toString("base64"),
        ],
      ]),
    );
    await clock.advance(1000);
    const once = await contents(backend);
    await ledger.deleteRun(id);
    expect(await contents(backend)).toEqual(once);
    expect(await ledger.getRun(id)).toEqual({ ...record, deletedAt });
    expect([...(await ledger.history(id, "loss")).values]).toEqual([1]);
    expect(await ids(ledger)).toEqual([kept]);
    expect(await ids(ledger, { view: "active" })).toEqual([kept]);
    expect(await ids(ledger, { view: "deleted" })).toEqual([id]);
    expect(await ids(ledger, { view: "all" })).toEqual([id, kept]);
    expect((await ledger.searchRuns({ view: "deleted" })).runs[0]?.deletedAt).toBe(deletedAt);

    await ledger.restoreRun(id);
    await ledger.restoreRun(id);
    expect(await ledger.getRun(id)).toEqual(record);
    expect(await ids(ledger)).toEqual([id, kept]);
    expect(await ids(ledger, { view: "deleted" })).toEqual([]);
    await ledger.deleteRun(id);
    expect((await ledger.getRun(id)).deletedAt).toBe(clock.now());
    const after = await contents(backend);
    for (const [key, bytes] of once) expect(after.get(key)).toBe(bytes);
    expect([...after.keys()].filter((key) => !before.has(key))).toEqual([1, 2, 3].map((n) => lifecycleKey(id, n)));
  });

  test("a running run is deleted without its writers noticing, recovered and compacted", async () => {
    const backend = await place();
    const clock = createTestClock();
    const ledger = await open(backend, clock);
    const run = await ledger.startRun();
    run.log({ loss: 1 });
    await run.flush();
    const again = await (await open(backend, clock, 3)).resumeRun(run.id);
    const deletedAt = clock.now();
    await ledger.deleteRun(run.id);
    run.log({ loss: 2 });
    await run.flush();
    const other = await open(backend, clock, 2);
    expect(await other.getRun(run.id)).toMatchObject({ status: "running", deletedAt });
    expect(await other.recover()).toMatchObject({ interrupted: [] });
    await run.finish();
    again.log({ loss: 3 });
    await again.finish();
    await other.recover();
    expect(await other.getRun(run.id)).toMatchObject({ status: "finished", deletedAt });
    expect([...(await other.history(run.id, "loss")).values]).toEqual([1, 2, 3]);
    expect([...(await contents(backend)).keys()]).toContain(lifecycleKey(run.id, 1));
    expect(await ids(other)).toEqual([]);
    // The document says nothing of it.
    await other.restoreRun(run.id);
    expect(await other.getRun(run.id)).not.toHaveProperty("deletedAt");
  });

  test("many that delete at once write one marker, and with those who restore none is lost or replaced", async () => {
    const backend = await place();
    const id = await finished(await open(backend));
    const openAt = async (n: number): Promise<Ledger> => await open(backend, createTestClock(1000 + n), 10 + n);
    const ledgers = await Promise.all(Array.from({ length: 8 }, (_, n) => openAt(n)));
    await Promise.all(ledgers.map((ledger) => ledger.deleteRun(id)));
    const first = await contents(backend, `runs/${id}/lifecycle`);
    expect([...first.keys()]).toEqual([lifecycleKey(id, 1)]);
    for (let round = 0; round < 5; round++) {
      const before = await contents(backend, `runs/${id}/lifecycle`);
      await Promise.all(ledgers.map((ledger, n) => (n % 2 ? ledger.deleteRun(id) : ledger.restoreRun(id))));
      const after = await contents(backend, `runs/${id}/lifecycle`);
      for (const [key, bytes] of before) expect(after.get(key)).toBe(bytes);
      expect([...after.keys()]).toEqual(Array.from(after.keys(), (_, i) => lifecycleKey(id, i + 1)));
    }
    await ledgers[0]?.restoreRun(id);
    expect(await ids(ledgers[1] as Ledger)).toEqual([id]);
  });
});

test("an unknown run is not deleted, nor is anything written for it", async () => {
  const backend = memoryBackend();
  const ledger = await open(backend);
  const before = await contents(backend);
  for (const id of ["nobody", "../x", "", "A", "x".repeat(100)]) {
    await expect(ledger.deleteRun(id)).rejects.toThrow(code("RUN_NOT_FOUND"));
    await expect(ledger.restoreRun(id)).rejects.toThrow(code("RUN_NOT_FOUND"));
  }
  await expect(ledger.deleteRun(5 as never)).rejects.toThrow(code("INVALID_ARGUMENT"));
  await expect(ledger.searchRuns({ view: "gone" as never })).rejects.toThrow(code("INVALID_ARGUMENT"));
  expect(await contents(backend)).toEqual(before);
});

test("a signal ends it with its reason", async () => {
  const backend = memoryBackend();
  const ledger = await open(backend);
  const id = await finished(ledger);
  const reason = new Error("enough");
  await expect(ledger.deleteRun(id, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(await ids(ledger)).toEqual([id]);
});

test("a run whose beginning is damaged can be deleted", async () => {
  const backend = memoryBackend();
  const ledger = await open(backend);
  const id = (await ledger.startRun()).id;
  await backend.remove(`runs/${id}/run.created.json`);
  await backend.create(`runs/${id}/run.created.json`, new Uint8Array(9));
  await ledger.deleteRun(id);
  expect(await readLifecycle(backend, id, 1)).toBeTypeOf("number");
});

test("a watcher of a run sees that it was deleted and restored", async () => {
  const clock = createTestClock();
  const ledger = await open(memoryBackend(), clock);
  const run = await ledger.startRun();
  const seen: (number | undefined)[] = [];
  for await (const { record } of ledger.watchRun(run.id)) {
    seen.push(record.deletedAt);
    if (seen.length === 1) await ledger.deleteRun(run.id);
    else if (seen.length === 2) await ledger.restoreRun(run.id);
    else if (seen.length === 3) await run.finish();
  }
  expect(seen.slice(0, 3)).toEqual([undefined, clock.now(), undefined]);
  expect(seen.at(-1)).toBeUndefined();
});

describe("faults", () => {
  const MODES: FaultMode[] = [
    "crash-before",
    "crash-after",
    "torn",
    "error-before",
    "lost-ack",
    "late",
    "stale-list",
    "no-space",
  ];

  test.each(MODES)("%s, wherever: what resolved holds, and another attempt succeeds", async (mode) => {
    for (let at = 1; ; at++) {
      const inner = memoryBackend();
      const ledger = await open(inner);
      const id = await finished(ledger);
      await ledger.deleteRun(id);
      const backend = faultyBackend(inner, { mode, at, key: /^runs\// });
      const faulty = await open(backend, createTestClock(), 2);
      const resolved = await faulty.restoreRun(id).then(
        () => true,
        (error: unknown) => {
          if (!LedgerError.is(error)) throw error;
          return false;
        },
      );
      if (backend.operations.log.every(({ fault }) => fault === undefined)) {
        expect(at).toBeGreaterThan(mode === "no-space" ? 1 : 4);
        break;
      }
      backend.lift();
      if (resolved) expect(await ids(ledger), `${mode} at ${at}`).toEqual([id]);
      await (backend.crashed ? ledger : faulty).restoreRun(id);
      await backend.settle();
      expect(await ids(ledger), `${mode} at ${at}`).toEqual([id]);
      const numbers = [...(await contents(inner, `runs/${id}/lifecycle`)).keys()];
      expect(numbers).toEqual([lifecycleKey(id, 1), lifecycleKey(id, 2)]);
      await ledger.deleteRun(id);
      expect(await ids(ledger)).toEqual([]);
    }
  });

  test("a create with an unknown outcome is tried again, and recognized as its own", async () => {
    const inner = memoryBackend();
    const id = await finished(await open(inner));
    const backend = faultyBackend(inner, {
      mode: "lost-ack",
      at: 1,
      only: ["create"],
      key: /lifecycle/,
      error: { code: "OUTCOME_UNKNOWN" },
    });
    const ledger = await open(backend);
    await ledger.deleteRun(id);
    expect([...(await contents(inner, `runs/${id}/lifecycle`)).keys()]).toEqual([lifecycleKey(id, 1)]);
    expect(await ids(ledger)).toEqual([]);
  });

  test("with old listings it overwrites nothing, and does not give up", async () => {
    const inner = memoryBackend();
    const ledger = await open(inner);
    const id = await finished(ledger);
    for (let i = 0; i < 3; i++) {
      await ledger.deleteRun(id);
      await ledger.restoreRun(id);
    }
    const before = await contents(inner);
    const backend = faultyBackend(inner, { mode: "stale-list", at: 1, times: 1000, key: /lifecycle/ });
    await (await open(backend, createTestClock(5), 2)).deleteRun(id);
    const after = await contents(inner);
    for (const [key, bytes] of before) expect(after.get(key)).toBe(bytes);
    expect(await ids(ledger)).toEqual([]);
  });

  test("if somebody undoes it every time, it gives up with CONFLICT", async () => {
    const inner = memoryBackend();
    const id = await finished(await open(inner));
    let creates = 0;
    const backend: Backend = {
      ...objectsOnly(inner),
      create: async (key, body, options) => {
        const n = parseLifecycleKey(key);
        if (n !== undefined) {
          creates++;
          await inner.create(key, encodeLifecycle(id, n, { deleted: false, time: n }));
        }
        await inner.create(key, body, options);
      },
    };
    const ledger = await open(backend);
    await expect(ledger.deleteRun(id)).rejects.toMatchObject({ code: "CONFLICT", transient: true });
    expect(creates).toBe(100);
    expect(await ids(ledger)).toEqual([id]);
  });

  test("where creates are not exclusive, either of two with one number stays", async () => {
    const inner = memoryBackend();
    const id = await finished(await open(inner));
    const replacing: Backend = {
      ...objectsOnly(inner),
      capabilities: { ...objectsOnly(inner).capabilities, exclusiveCreate: false },
      create: async (key, body, options) => {
        await inner.remove(key);
        await inner.create(key, body, options);
      },
    };
    const ledgers = await Promise.all([1, 2].map((seed) => open(replacing, createTestClock(seed), seed)));
    await Promise.all(ledgers.map((ledger) => ledger.deleteRun(id)));
    expect([...(await contents(inner, `runs/${id}/lifecycle`)).keys()]).toEqual([lifecycleKey(id, 1)]);
    expect([1, 2]).toContain((await ledgers[0]?.getRun(id))?.deletedAt);
  });
});

describe("damaged and hostile markers", () => {
  async function marked(
    make: (id: string) => Uint8Array,
  ): Promise<{ backend: Backend; ledger: Ledger; id: string; told: LedgerError[] }> {
    const backend = memoryBackend();
    const told: LedgerError[] = [];
    const clock = createTestClock();
    const ledger = await openLedger(backend, {
      clock,
      ids: seededIds(1, () => clock.now()),
      onError: (error) => told.push(error),
    });
    const id = await finished(ledger);
    await backend.create(lifecycleKey(id, 1), make(id));
    await enter(backend, "default", id, "marked", 1);
    return { backend, ledger, id, told };
  }
  const text = (value: string) => (): Uint8Array => new TextEncoder().encode(value);
  const checked = (value: object) => (): Uint8Array => encodeCheckedJson(value, "x");
  /** The first marker of the run, but for some members. */
  const own =
    (but: object) =>
    (id: string): Uint8Array =>
      encodeCheckedJson({ v: 1, run: id, n: 1, deleted: true, time: 1, ...but }, "x");

  test.each<[string, (id: string) => Uint8Array]>([
    ["nothing", () => new Uint8Array()],
    ["zeros", () => new Uint8Array(60)],
    ["no UTF-8", () => new Uint8Array([0x22, 0xff, 0x22])],
    ["null", text("null")],
    ["a list", text("[]")],
    ["no members", text("{}")],
    ["a version that is text", text('{"v":"1","deleted":true,"time":1}')],
    ["version 0", own({ v: 0 })],
    ["no version", own({ v: undefined })],
    ["deleted as text", own({ deleted: "false" })],
    ["deleted as a number", own({ deleted: 1 })],
    ["no time", own({ time: undefined })],
    ["a time that is text", own({ time: "1" })],
    ["a time that is NaN", own({ time: Number.NaN })],
    ["a time that is a big integer", own({ time: 1n })],
    ["another run's", own({ run: "another" })],
    ["no run", own({ run: undefined })],
    ["another number's", own({ n: 2 })],
    ["a wrong checksum", text('{"crc32":"00000000","v":1,"deleted":true,"time":1}')],
    ["deep nesting", text("[".repeat(4000))],
    ["far too much", text(`{"v":1,"deleted":true,"time":1,"x":"${"x".repeat(1 << 20)}"}`)],
  ])("%s is CORRUPT, hides no other run and no points, and is outdone by the next marker", async (_name, make) => {
    const { backend, ledger, id, told } = await marked(make);
    const sound = await finished(ledger);
    await expect(ledger.getRun(id)).rejects.toThrow(code("CORRUPT", lifecycleKey(id, 1)));
    expect(await ids(ledger, { view: "all" })).toEqual([sound]);
    expect(told).toEqual([code("CORRUPT", lifecycleKey(id, 1))]);
    expect([...(await ledger.history(id, "loss")).values]).toEqual([1]);
    expect((await ledger.histories(id, undefined, { x: true })).size).toBe(1);
    await ledger.recover();
    await (await ledger.resumeRun(id)).finish();
    await ledger.restoreRun(id);
    expect(await ledger.getRun(id)).not.toHaveProperty("deletedAt");
    await ledger.deleteRun(id);
    expect(await ids(ledger)).toEqual([sound]);
    expect(Buffer.from(await backend.read(lifecycleKey(id, 1))).equals(make(id))).toBe(true);
  });

  test("a marker of a newer version is FORMAT_TOO_NEW", async () => {
    const { backend, ledger, id, told } = await marked(checked({ v: 2, gone: "maybe" }));
    const before = await contents(backend);
    for (const call of [ledger.getRun(id), ledger.deleteRun(id), ledger.restoreRun(id)])
      await expect(call).rejects.toThrow(code("FORMAT_TOO_NEW", lifecycleKey(id, 1)));
    expect(await ids(ledger)).toEqual([]);
    expect(told).toEqual([code("FORMAT_TOO_NEW")]);
    expect(await contents(backend)).toEqual(before);
  });

  test("no bit of a marker can change without being noticed", async () => {
    const backend = memoryBackend();
    const marker = { deleted: true, time: 1_700_000_000_000 };
    let noticed = 0;
    const length = encodeLifecycle("r0000", 1, marker).length;
    for (let bit = 0; bit < length * 8; bit++) {
      const id = `r${String(bit).padStart(4, "0")}`;
      const bytes = encodeLifecycle(id, 1, marker);
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      await backend.create(lifecycleKey(id, 1), changed);
      try {
        // The name of the checksum itself may change: then it is one member more, of an object that is right.
        expect(await readLifecycle(backend, id, 1)).toBe(1_700_000_000_000);
      } catch (error) {
        if (!LedgerError.is(error)) throw error;
        expect(error).toMatchObject({ code: "CORRUPT", key: lifecycleKey(id, 1) });
        noticed++;
      }
    }
    expect(noticed).toBeGreaterThan((length - 20) * 8);
  });

  test("what a document says of deletion does not count", async () => {
    const backend = memoryBackend();
    const ledger = await open(backend);
    const run = await ledger.startRun();
    await run.finish();
    const key = `runs/${run.id}/run.json`;
    const { crc32: _, ...document } = JSON.parse(new TextDecoder().decode(await backend.read(key)));
    await backend.remove(key);
    await backend.create(key, checked({ ...document, record: { ...document.record, deletedAt: 5 } })());
    expect(await ledger.getRun(run.id)).not.toHaveProperty("deletedAt");
    expect(await ids(ledger)).toEqual([run.id]);
  });

  test("keys that are not markers are ignored", async () => {
    const backend = memoryBackend();
    const ledger = await open(backend);
    const id = await finished(ledger);
    const bytes = encodeLifecycle(id, 1, { deleted: true, time: 1 });
    for (const name of [
      "0000.json",
      "1.json",
      "00001.json",
      "0001",
      "0001.json.tmp",
      "x.json",
      "-001.json",
      "0x01.json",
    ])
      await backend.create(`runs/${id}/lifecycle/${name}`, bytes);
    for (const key of [`runs/${id}/lifecycle/a/0001.json`, `runs/${id}/a/lifecycle/0001.json`, `lifecycle/0001.json`])
      await backend.create(key, bytes);
    await backend.create(`runs/${id}/lifecycle/1000000000.json`, bytes);
    expect(await ids(ledger)).toEqual([id]);
    await ledger.deleteRun(id);
    expect(await ids(ledger, { view: "deleted" })).toEqual([id]);
    expect((await contents(backend)).has(lifecycleKey(id, 1))).toBe(true);
  });

  test("no number follows the last one", async () => {
    const { backend, ledger, id } = await marked(own({ deleted: false }));
    for (const n of [999_999_999, 1_000_000_000])
      await backend.create(lifecycleKey(id, n), own({ deleted: false, n })(id));
    await ledger.restoreRun(id);
    await expect(ledger.deleteRun(id)).rejects.toThrow(code("TOO_LARGE"));
  });
});

test("nobody resumes a deleted run by mistake; once it is restored, everybody may", async () => {
  const backend = memoryBackend();
  const ledger = await open(backend);
  const id = await finished(ledger);
  await ledger.deleteRun(id);
  const before = await contents(backend);
  const refused = [
    () => ledger.startRun({ id, resume: "allow" }),
    () => ledger.resumeRun(id),
    () => ledger.resumeRun(id, { mode: "exclusive" }),
    () => ledger.withRun({ id, resume: "allow" }, () => {}),
  ];
  for (const resume of refused)
    await expect(resume()).rejects.toThrow(
      expect.objectContaining({ code: "RUN_CLOSED", message: expect.stringContaining(`restoreRun("${id}")`) }),
    );
  expect(await contents(backend)).toEqual(before);
  await ledger.restoreRun(id);
  const run = await ledger.startRun({ id, resume: "allow" });
  run.log({ loss: 2 });
  await run.finish();
  expect((await ledger.getRun(id)).metrics["loss"]?.count).toBe(2);
});

test("a marker has a number in its key", () => {
  expect(lifecycleKey("r", 1)).toBe("runs/r/lifecycle/0001.json");
  for (const n of [1, 42, 9999, 10_000, 999_999_999]) expect(parseLifecycleKey(lifecycleKey("r", n))).toBe(n);
  for (const key of ["runs/r/fences/000001.json", "runs/r/run.0001.json", "runs/r/lifecycle/00001.json", ""])
    expect(parseLifecycleKey(key)).toBeUndefined();
});
