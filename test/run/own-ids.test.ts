import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { MAX_RUN_SIZE } from "../../src/journal/run-size.ts";
import { type Backend, type Ledger, LedgerError, openLedger, type StartRunOptions } from "../../src/index.ts";
import { countingBackend, createTestLedger, faultyBackend } from "../../src/testing/index.ts";
import { isFull } from "../rounds.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

async function keysOf(backend: Backend): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list("runs")) keys.push(key);
  return keys;
}

test("an id of the caller's is that of the run, capitals included, wherever runs are found", async () => {
  const id = fc
    .tuple(fc.constantFrom(..."aZ09"), fc.string({ unit: fc.constantFrom(..."abzABZ019_-"), maxLength: 63 }))
    .map(([first, rest]) => first + rest);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(id, { minLength: 1, maxLength: 12 }), async (ids) => {
      const { ledger } = await createTestLedger();
      for (const own of ids) {
        const run = await ledger.startRun({ id: own, params: { own } });
        expect(run.id).toBe(own);
        run.log({ loss: 1 });
        if (own.length % 2 === 0) await run.finish();
        else await run.flush();
      }
      for (const own of ids) {
        expect(await ledger.getRun(own)).toMatchObject({ id: own, params: { own } });
        expect((await ledger.history(own, "loss")).values.length).toBe(1);
      }
      for (let search = 0; search < 2; search++) {
        const { runs } = await ledger.searchRuns({ limit: 100 });
        expect(runs.map((run) => run.id).sort()).toEqual([...ids].sort());
      }
      expect((await ledger.rebuildCatalog()).runs).toBe(ids.length);
      expect((await ledger.searchRuns({ filter: `attributes.run_id = '${ids[0]}'` })).runs).toHaveLength(1);
    }),
    { numRuns: 15 },
  );
});

test.each(["", "-a", "_a", "a/b", "a.b", "é", "a".repeat(65), "con", "NUL", "com1", "a b", "..", 5, null, {}])(
  "what cannot be an id is refused before anything is stored: %j",
  async (id) => {
    const { ledger, backend } = await createTestLedger();
    await expect(ledger.startRun({ id: id as string })).rejects.toThrow(code("INVALID_ARGUMENT", "id"));
    for await (const { key } of backend.list("runs")) expect(key).toBeUndefined();
  },
);

test("resume has two values, and allow needs an id", async () => {
  const { ledger } = await createTestLedger();
  await expect(ledger.startRun({ id: "a", resume: "must" as "allow" })).rejects.toThrow(
    code("INVALID_ARGUMENT", "resume"),
  );
  await expect(ledger.startRun({ resume: "allow" })).rejects.toThrow(code("INVALID_ARGUMENT", "resume"));
  const run = await ledger.startRun({ id: "a", resume: "never" });
  await run.finish();
});

test("an id that is taken is refused, by runs of any state, and by children", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ id: "mine" });
  const taken = code("RUN_EXISTS", "id");
  await expect(ledger.startRun({ id: "mine" })).rejects.toThrow(taken);
  await expect(run.startChild({ id: "mine" })).rejects.toThrow(taken);
  await expect(ledger.withRun({ id: "mine" }, () => 1)).rejects.toThrow(taken);
  await run.finish();
  await expect(ledger.startRun({ id: "mine", experiment: "other" })).rejects.toThrow(taken);
  await ledger.deleteRun("mine");
  await expect(ledger.startRun({ id: "mine" })).rejects.toThrow(taken);
  expect((await ledger.searchRuns({ view: "all" })).runs).toHaveLength(1);
  const parent = await ledger.startRun({ id: "parent" });
  const child = await parent.startChild({ id: "child" });
  await child.finish();
  expect((await ledger.getRun("child")).parent).toBe("parent");
  await parent.finish();
});

test("of many that start one id at once one wins", async () => {
  const backend = memoryBackend();
  const ledgers = await Promise.all(Array.from({ length: 8 }, () => openLedger(backend)));
  const outcomes = await Promise.allSettled(ledgers.map((ledger) => ledger.startRun({ id: "mine" })));
  const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  expect(won).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toEqual(code("RUN_EXISTS"));
  await won[0]?.finish();
});

test("of many that allow to resume all write the one run, and each point is there", async () => {
  const backend = memoryBackend();
  const ledgers = await Promise.all(Array.from({ length: 8 }, () => openLedger(backend)));
  const runs = await Promise.all(ledgers.map((ledger) => ledger.startRun({ id: "mine", resume: "allow" })));
  runs.forEach((run, i) => run.log({ worker: i }, { step: i }));
  await Promise.all(runs.map((run) => run.finish()));
  expect([...((await ledgers[0]?.history("mine", "worker"))?.values ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect((await ledgers[0]?.searchRuns())?.runs.map(({ id, status }) => [id, status])).toEqual([["mine", "finished"]]);
});

test("a script that is started again goes on with its run: what it says now counts, and what it said stays in the record", async () => {
  const { ledger } = await createTestLedger();
  const script = async (options: StartRunOptions): Promise<void> => {
    const run = await ledger.startRun({ id: "job-7", resume: "allow", ...options });
    run.log({ loss: 1 });
    run.log({ loss: 0.5 });
    await run.finish();
  };
  await script({ experiment: "e", name: "first", params: { lr: 0.1, epochs: 10 }, tags: { a: "1" }, note: "one" });
  await script({ experiment: "e", name: "second", params: { lr: 0.1, epochs: 20 }, tags: { b: "2" }, note: "two" });
  await script({});
  expect(await ledger.getRun("job-7")).toMatchObject({
    experiment: "e",
    name: "first",
    status: "finished",
    params: { lr: 0.1, epochs: 20 },
    tags: { a: "1", b: "2" },
    note: "two",
  });
  expect([...(await ledger.history("job-7", "loss")).steps]).toEqual([0, 1, 2, 3, 4, 5]);
  await expect(ledger.startRun({ id: "job-7", resume: "allow", experiment: "other" })).rejects.toThrow(
    code("RUN_EXISTS"),
  );
});

test("a beginning that was stored although the attempt seemed to fail is the run's own", async () => {
  const backend = faultyBackend(memoryBackend(), [
    { at: 1, mode: "lost-ack", only: ["create"], key: /run\.created\.json$/, error: { code: "EXISTS" } },
  ]);
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ id: "mine" });
  await run.finish();
  expect((await ledger.getRun("mine")).status).toBe("finished");
});

test("an own id costs two requests more than a new one, and resuming as many as resumeRun", async () => {
  const counts = async (work: (ledger: Ledger) => Promise<unknown>): Promise<number> => {
    const inner: Backend = memoryBackend();
    const first = await openLedger(inner);
    await (await first.startRun({ id: "there" })).finish();
    const backend = countingBackend(inner);
    const ledger = await openLedger(backend);
    const before = backend.counters.requests;
    await work(ledger);
    return backend.counters.requests - before;
  };
  const fresh = await counts((ledger) => ledger.startRun());
  expect(await counts((ledger) => ledger.startRun({ id: "new" }))).toBe(fresh + 2);
  const resumed = await counts((ledger) => ledger.resumeRun("there"));
  const values = { params: { lr: 0.1 }, tags: { a: "1" }, note: "n" };
  for (const options of [{}, values])
    expect(await counts((ledger) => ledger.startRun({ id: "there", resume: "allow", ...options }))).toBe(resumed);
});

test.skipIf(!isFull)(
  "a session that does not get as far as the caller leaves nothing behind",
  { timeout: 180_000 },
  async () => {
    const inner = memoryBackend();
    await (await (await openLedger(inner)).startRun({ id: "there", note: "x".repeat(1024 * 1024) })).finish();
    const refuses = {
      at: 1,
      times: 100,
      mode: "error-before",
      key: /journal|segments|\.rl/,
      only: ["append"],
    } as const;
    const errors: LedgerError[] = [];
    const listeners = process.listenerCount("beforeExit");
    const failing = await openLedger(faultyBackend(inner, [refuses]), { onError: (error) => errors.push(error) });
    await expect(failing.startRun({ id: "there", resume: "allow", tags: { a: 1 } })).rejects.toThrow(LedgerError);
    await expect(failing.resumeRun("there")).rejects.toThrow(LedgerError);
    const ledger = await openLedger(inner);
    const tags = (first: number, count: number): Record<string, number> =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag ${first + i}`, i]));
    await (await ledger.startRun({ id: "there", resume: "allow", tags: tags(0, MAX_RUN_SIZE.names - 1) })).finish();
    const before = await keysOf(inner);
    const more = { id: "there", resume: "allow", tags: tags(MAX_RUN_SIZE.names, 2) } as const;
    await expect(ledger.startRun(more)).rejects.toThrow(code("TOO_LARGE", "tags"));
    // Params that are so large that they are written at once, before the tags are looked at.
    const params = { big: "x".repeat(4 * 1024 * 1024) };
    await expect(ledger.startRun({ ...more, params })).rejects.toThrow(code("TOO_LARGE", "tags"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await keysOf(inner)).toEqual(before);
    expect(process.listenerCount("beforeExit")).toBe(listeners);
  },
);

describe("runs that are imported", () => {
  const day = Date.UTC(2020, 0, 1);

  test("begin and end when they did", async () => {
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun({ startTime: day, experiment: "e" });
    run.log({ loss: 1 }, { step: 0, time: day + 5 });
    await run.finish("finished", { endTime: day + 1000 });
    const failed = await ledger.startRun({ startTime: day + 7, experiment: "e" });
    await failed.fail(new Error("x"), { endTime: day + 7 });
    expect(await ledger.getRun(run.id)).toMatchObject({ status: "finished", startTime: day, endTime: day + 1000 });
    expect(await ledger.getRun(failed.id)).toMatchObject({ status: "failed", startTime: day + 7, endTime: day + 7 });
    const found = await ledger.searchRuns({ filter: `attributes.start_time <= ${day + 7}`, orderBy: "start_time" });
    expect(found.runs.map(({ id }) => id)).toEqual([run.id, failed.id]);
    const again = await ledger.resumeRun(run.id);
    await again.finish("killed", { endTime: day + 2000 });
    expect(await ledger.getRun(run.id)).toMatchObject({ startTime: day, endTime: day + 2000, status: "killed" });
  });

  test.each([Number.NaN, Infinity, "2020", new Date(0), null, 9e15])("no moment is refused: %s", async (time) => {
    const { ledger } = await createTestLedger();
    await expect(ledger.startRun({ startTime: time as number })).rejects.toThrow(code("INVALID_ARGUMENT", "startTime"));
    const run = await ledger.startRun({ startTime: day });
    await expect(run.finish("finished", { endTime: time as number })).rejects.toThrow(
      code("INVALID_ARGUMENT", "endTime"),
    );
    await expect(run.finish("finished", { endTime: day - 1 })).rejects.toThrow(code("INVALID_ARGUMENT", "endTime"));
    await expect(run.finish("finished", 5 as never)).rejects.toThrow(code("INVALID_ARGUMENT", "options"));
    expect(run.status).toBe("running");
    await run.finish();
    expect((await ledger.getRun(run.id)).status).toBe("finished");
  });

  test("a run that began later than its clock says ends no sooner", async () => {
    const { ledger, clock } = await createTestLedger();
    const later = clock.now() + 5000;
    const run = await ledger.startRun({ startTime: later });
    await run.finish();
    expect(await ledger.getRun(run.id)).toMatchObject({ startTime: later, endTime: later });
  });
});
