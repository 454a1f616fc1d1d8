import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { Backend, Run } from "../../src/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { type Thread, Threads } from "./threads.ts";

const stores: [name: string, open: () => Backend][] = [
  ["that appends", () => memoryBackend()],
  ["without append", () => objectsOnly(memoryBackend())],
];

/** A thread that logged a point to the run, or to a new one, and had it acknowledged. */
async function startWriter(threads: Threads, id?: string): Promise<{ readonly thread: Thread; readonly run: Run }> {
  const thread = await threads.start();
  const run = id === undefined ? await thread.ledger.startRun() : await thread.ledger.resumeRun(id);
  run.log({ a: 1 });
  await run.flush();
  return { thread, run };
}

async function logAndDie(threads: Threads, id?: string): Promise<string> {
  const { thread, run } = await startWriter(threads, id);
  thread.die();
  return run.id;
}

async function expectInterrupted({ ledger }: Thread, id: string, count: number): Promise<void> {
  const record = await ledger.getRun(id);
  expect(record).toMatchObject({ status: "interrupted", metrics: { a: { count } }, damage: [] });
  expect((await ledger.history(id, "a")).values).toHaveLength(count);
}

test.for(stores)("a writer that joins and dies at any moment of recover(), on a store %s", async ([, open]) => {
  for (let at = 1; ; at++) {
    const threads = new Threads(open());
    const id = await logAndDie(threads);
    // What is counted is recover() alone.
    let calls = Number.NEGATIVE_INFINITY;
    const recovering = await threads.start(async () => {
      if (++calls === at) await logAndDie(threads, id);
    });
    calls = 0;
    expect(await recovering.ledger.recover()).toEqual({ interrupted: [id], running: [] });
    const joined = calls >= at;
    const reader = await threads.start();
    await reader.ledger.recover();
    await expectInterrupted(reader, id, joined ? 2 : 1);
    const { runs } = await reader.ledger.searchRuns({ filter: "status = 'interrupted'" });
    expect(runs.map((run) => run.id)).toEqual([id]);
    for await (const update of reader.ledger.watchRun(id)) expect(update.status).toBe("interrupted");
    if (!joined) return expect(at).toBeGreaterThan(10);
  }
});

test.for(stores)("a writer that joins at any moment of recover() and goes on, on a store %s", async ([, open]) => {
  for (let at = 1; ; at++) {
    const threads = new Threads(open());
    const id = await logAndDie(threads);
    let calls = Number.NEGATIVE_INFINITY;
    let run: Run | undefined;
    const recovering = await threads.start(async () => {
      if (++calls !== at) return;
      run = await (await threads.start()).ledger.resumeRun(id);
      run.log({ a: 2 });
      await run.flush();
    });
    calls = 0;
    await recovering.ledger.recover();
    if (run === undefined) return expect(at).toBeGreaterThan(10);
    run.log({ a: 3 });
    await run.flush();
    const reader = await threads.start();
    expect((await reader.ledger.getRun(id)).status).toBe("running");
    expect(await reader.ledger.recover()).toEqual({ interrupted: [], running: [id] });
    await run.finish();
    expect(await reader.ledger.getRun(id)).toMatchObject({
      status: "finished",
      damage: [],
      metrics: { a: { count: 3 } },
    });
    expect([...(await reader.ledger.history(id, "a")).values]).toEqual([1, 2, 3]);
  }
});

test("once all writers are known to be gone, recover() waits for nothing, however often it is called", async () => {
  const threads = new Threads(memoryBackend());
  const id = await logAndDie(threads);
  const { ledger } = await threads.start();
  for (let joined = 1; joined <= 4; joined++) {
    expect(await ledger.recover()).toEqual({ interrupted: [id], running: [] });
    expect(await ledger.recover()).toEqual({ interrupted: [], running: [] });
    await logAndDie(threads, id);
  }
});

test("a thread that finished its session does not keep others from closing the run", async () => {
  const threads = new Threads(memoryBackend());
  const finishing = await threads.start();
  const run = await finishing.ledger.startRun();
  run.log({ a: 1 });
  await run.finish();
  await logAndDie(threads, run.id);
  const reader = await threads.start();
  expect(await reader.ledger.recover()).toEqual({ interrupted: [run.id], running: [] });
  await expectInterrupted(reader, run.id, 2);
});

test("the journal of a writer that may be there is kept, and what it logs later counts", async () => {
  const backend = memoryBackend();
  const threads = new Threads(backend);
  const { thread: slow, run } = await startWriter(threads);
  threads.hide(slow);
  const { ledger } = await threads.start();
  expect(await ledger.recover(run.id, { graceMs: 0 })).toEqual({ interrupted: [run.id], running: [] });
  expect((await ledger.getRun(run.id)).status).toBe("interrupted");
  run.log({ a: 2 });
  await run.flush();
  expect((await ledger.getRun(run.id)).status).toBe("running");
  await run.finish();
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "finished", metrics: { a: { count: 2 } }, damage: [] });
  expect([...(await ledger.history(run.id, "a")).values]).toEqual([1, 2]);
});

test.for(stores)(
  "a run whose writers died reads as interrupted at once, without recover(), on a store %s",
  async ([, open]) => {
    const threads = new Threads(open());
    const { thread: writing, run } = await startWriter(threads);
    const reader = await threads.start(undefined, { quick: true });
    expect((await reader.ledger.getRun(run.id)).status).toBe("running");
    writing.die();
    await expectInterrupted(reader, run.id, 1);
    const { startTime, endTime, lastActivity } = await reader.ledger.getRun(run.id);
    expect(endTime).toBe(lastActivity);
    expect(endTime).toBeGreaterThanOrEqual(startTime);
    const found = async (filter: string): Promise<string[]> =>
      (await reader.ledger.searchRuns({ filter })).runs.map(({ id }) => id);
    expect(await found("status = 'interrupted'")).toEqual([run.id]);
    expect(await found("status = 'running'")).toEqual([]);
    expect((await reader.ledger.compareRuns([run.id])).runs[0]?.status).toBe("interrupted");
    const [group] = await reader.ledger.summarise({ groupBy: ["status"], metrics: ["a"] });
    expect(group?.key["status"]).toBe("interrupted");
    const updates: string[] = [];
    for await (const update of reader.ledger.watchRun(run.id)) updates.push(update.status);
    expect(updates.at(-1)).toBe("interrupted");
    // It still is what it was: another writer goes on with it.
    await logAndDie(threads, run.id);
    await expectInterrupted(reader, run.id, 2);
  },
);

test("a run that its writer finishes and leaves while it is read never reads as interrupted", async () => {
  for (let at = 1; ; at++) {
    const threads = new Threads(memoryBackend());
    const { thread: writing, run } = await startWriter(threads);
    let calls = Number.NEGATIVE_INFINITY;
    const reader = await threads.start(async () => {
      if (++calls !== at) return;
      await run.finish();
      writing.die();
    });
    calls = 0;
    const first = (await reader.ledger.getRun(run.id)).status;
    const [found] = (await reader.ledger.searchRuns()).runs;
    const done = calls < at;
    expect(["running", "finished"]).toContain(first);
    expect(["running", "finished"]).toContain(found?.status);
    if (done) return expect(at).toBeGreaterThan(5);
  }
});

test("a watcher sees all that a writer logged before it died", async () => {
  for (let at = 1; at <= 12; at++) {
    const threads = new Threads(memoryBackend());
    const { thread: writing, run } = await startWriter(threads);
    let calls = Number.NEGATIVE_INFINITY;
    const reader = await threads.start(
      async () => {
        if (++calls !== at) return;
        run.log({ a: 2 });
        await run.flush();
        writing.die();
      },
      { quick: true },
    );
    calls = 0;
    const values: number[] = [];
    let last = "";
    for await (const { points, status } of reader.ledger.watchRun(run.id)) {
      values.push(...(points.get("a")?.values ?? []));
      last = status;
    }
    expect(last).toBe("interrupted");
    expect(values).toEqual([1, 2]);
  }
});

test("a search asks about the writers of running runs, once each, and makes one more request for each that is gone", async () => {
  const threads = new Threads(memoryBackend());
  const writing = await threads.start();
  for (let i = 0; i < 5; i++) await (await writing.ledger.startRun()).finish();
  for (let i = 0; i < 7; i++) await (await writing.ledger.startRun()).flush();
  let calls = 0;
  const { ledger } = await threads.start(() => void calls++);
  await ledger.searchRuns();
  calls = threads.asked = 0;
  expect((await ledger.searchRuns()).runs).toHaveLength(12);
  expect(threads.asked).toBe(7);
  const living = calls;
  writing.die();
  calls = threads.asked = 0;
  await ledger.searchRuns();
  expect(threads.asked).toBe(7);
  expect(calls).toBe(living + 7);
});

test.for(["before", "after"])(
  "nothing is lost that a writer had acknowledged %s any call of another one's finish(), and then died",
  async (when) => {
    for (let at = 1; ; at++) {
      const threads = new Threads(memoryBackend());
      const { thread: doomed, run } = await startWriter(threads);
      let calls = Number.NEGATIVE_INFINITY;
      const dieNow = async (): Promise<void> => {
        if (++calls !== at) return;
        run.log({ a: 2 });
        await run.flush();
        doomed.die();
      };
      const other = await threads.start(dieNow, { after: when === "after" });
      const joined = await other.ledger.resumeRun(run.id);
      joined.log({ b: 1 });
      calls = 0;
      await joined.finish();
      const done = calls < at;
      doomed.die();
      const { ledger } = await threads.start();
      for (let again = 0; again < 3; again++) {
        expect([...(await ledger.history(run.id, "a")).values], `call ${at}`).toEqual(done ? [1] : [1, 2]);
        expect((await ledger.getRun(run.id)).damage).toEqual([]);
        await ledger.recover();
      }
      if (done) return expect(at).toBeGreaterThan(5);
    }
  },
);
