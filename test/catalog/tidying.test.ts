import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { RUNS_AT_ONCE } from "../../src/catalog/open-experiment.ts";
import { type Backend, type Ledger, LedgerError, openLedger, type RunQuery } from "../../src/index.ts";
import { type Call, intercept } from "../../src/testing/intercept.ts";
import { objectsOnly } from "../journal/records.ts";
import { bundle } from "../processes/bundle.ts";
import { startChild } from "../processes/child-process.ts";

async function finished(ledger: Ledger, runs: number, experiment = "default"): Promise<void> {
  for (let i = 0; i < runs; i++) await (await ledger.startRun({ experiment, environment: false })).finish();
}

const isWrite = ({ operation, key }: Call): boolean =>
  key.startsWith("experiments/") && operation !== "read" && operation !== "list" && operation !== "stat";

/** A backend in which `meet` meets every write of the catalogue. */
function meeting(inner: Backend, meet: (call: Call) => Promise<void> | undefined): Backend {
  return intercept(inner, {
    call: async (call, proceed) => {
      if (isWrite(call)) await meet(call);
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
}

/** Nine closed runs of two experiments each, none in a segment, and a ledger whose writes of the catalogue wait. */
async function held(): Promise<{ ledger: Ledger; writes: Call[]; release: () => void; keys: () => string[] }> {
  const inner = memoryBackend();
  const writer = await openLedger(inner);
  for (const experiment of ["a", "b"]) await finished(writer, 9, experiment);
  const writes: Call[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const ledger = await openLedger(
    meeting(inner, async (call) => {
      writes.push(call);
      await released;
    }),
  );
  return { ledger, writes, release, keys: () => [...inner.snapshot().keys()] };
}

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe("while every write of the catalogue is held back", () => {
  const calls: [what: string, call: (ledger: Ledger, query: RunQuery) => Promise<unknown>][] = [
    ["searchRuns", async (ledger, query) => expect((await ledger.searchRuns(query)).runs).toHaveLength(18)],
    ["summarise", async (ledger, { signal }) => expect((await ledger.summarise({ signal }))[0]?.runs).toBe(18)],
    ["experiments", async (ledger, { signal }) => expect(await ledger.experiments({ signal })).toHaveLength(2)],
    [
      "lineage",
      async (ledger, { signal }) => {
        const [run] = (await ledger.searchRuns({ limit: 1, signal })).runs;
        expect((await ledger.lineage(run!.id, { signal })).nodes).toHaveLength(1);
      },
    ],
  ];

  test.each(calls)("%s answers, again and again, and the catalogue is tidied later", async (_, call) => {
    const { ledger, writes, release, keys } = await held();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof addEventListener>) => {
        listeners++;
        addEventListener.apply(signal, args);
      },
      removeEventListener: (...args: Parameters<typeof removeEventListener>) => {
        listeners--;
        removeEventListener.apply(signal, args);
      },
    });
    for (let round = 0; round < 3; round++) await call(ledger, { signal });
    while (writes.length === 0) await later();
    await call(ledger, { signal });
    // One task at a time.
    expect(writes.map(({ operation, key }) => `${operation} ${key.split("/")[2]}`)).toEqual(["create segments"]);
    expect(listeners).toBe(0);
    let isClosed = false;
    const closing = ledger.close().then(() => (isClosed = true));
    await later();
    expect(isClosed).toBe(false);
    const aborted = AbortSignal.abort(new Error("enough"));
    await expect(ledger.close({ signal: aborted })).rejects.toThrow("enough");
    const waiting = new AbortController();
    const stopped = ledger.close({ signal: waiting.signal });
    waiting.abort(new Error("no longer"));
    await expect(stopped).rejects.toThrow("no longer");
    release();
    await closing;
    expect(keys().filter((key) => key.includes("/segments/"))).toHaveLength(2);
    expect(keys().filter((key) => key.includes("/entries/"))).toEqual([]);
    await call(ledger, { signal });
  });
});

test("compacting and rebuilding add one listener to the caller's signal", async () => {
  const inner = objectsOnly();
  const ledger = await openLedger(inner);
  await finished(ledger, 12);
  const { signal } = new AbortController();
  let now = 0;
  let most = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    most = Math.max(most, ++now);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    now--;
    remove(...args);
  };
  await ledger.compactCatalog({ signal });
  await ledger.rebuildCatalog({ signal });
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(10);
});

test("runs that are in no segment are read 16 at a time", async () => {
  const inner = objectsOnly();
  await finished(await openLedger(inner), 60);
  let now = 0;
  let most = 0;
  const backend = intercept(inner, {
    call: async ({ operation, key }, proceed) => {
      const counts = operation === "read" && key.startsWith("runs/");
      if (counts) most = Math.max(most, ++now);
      await later();
      try {
        return await proceed();
      } finally {
        if (counts) now--;
      }
    },
    list: (_call, proceed) => proceed(),
  });
  expect((await (await openLedger(backend)).searchRuns({ limit: 100 })).runs).toHaveLength(60);
  expect([most, RUNS_AT_ONCE]).toEqual([16, 16]);
});

test("searches at the same time tidy once", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  await finished(ledger, 20);
  const created: string[] = [];
  const searcher = await openLedger(
    meeting(backend, (call) => void (call.operation === "create" && created.push(call.key))),
  );
  await Promise.all([searcher.searchRuns(), searcher.searchRuns({ experiment: "default" }), searcher.summarise()]);
  await searcher.close();
  expect(created.filter((key) => key.includes("/segments/"))).toHaveLength(1);
});

test("a failure of the tidying goes to onError, and the next search tries again", async () => {
  const inner = memoryBackend();
  await finished(await openLedger(inner), 9);
  const told: LedgerError[] = [];
  let fails = true;
  const backend = meeting(inner, async ({ key, operation }) => {
    if (fails) throw new LedgerError("UNAVAILABLE", "out of order", { key, operation });
  });
  const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
  expect((await ledger.searchRuns()).runs).toHaveLength(9);
  await ledger.close();
  expect(told).toMatchObject([{ code: "UNAVAILABLE", operation: "create" }]);
  fails = false;
  expect((await ledger.searchRuns()).runs).toHaveLength(9);
  await ledger.close();
  expect([...inner.snapshot().keys()].filter((key) => key.includes("/entries/"))).toEqual([]);
  expect(told).toHaveLength(1);
});

describe("compactCatalog", () => {
  test("tidies now, and rejects if it cannot", async () => {
    const inner = memoryBackend();
    const ledger = await openLedger(inner);
    await finished(ledger, 9);
    const denied = new LedgerError("PERMISSION_DENIED", "read only");
    const reader = await openLedger(meeting(inner, () => Promise.reject(denied)));
    await expect(reader.compactCatalog()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    await expect(ledger.compactCatalog({ signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
    expect([...inner.snapshot().keys()].filter((key) => key.includes("/entries/"))).toHaveLength(18);
    await ledger.compactCatalog();
    expect([...inner.snapshot().keys()].filter((key) => key.includes("/entries/"))).toEqual([]);
    // @ts-expect-error unknown option
    await expect(ledger.compactCatalog({ experiment: "a" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  test("waits for the tidying that goes on, and an abort ends the wait", async () => {
    const { ledger, writes, release, keys } = await held();
    await ledger.searchRuns();
    while (writes.length === 0) await later();
    const controller = new AbortController();
    const waiting = ledger.compactCatalog({ signal: controller.signal });
    const patient = ledger.compactCatalog();
    controller.abort(new Error("no time"));
    await expect(waiting).rejects.toThrow("no time");
    expect(writes).toHaveLength(1);
    release();
    await patient;
    expect(keys().filter((key) => key.includes("/entries/"))).toEqual([]);
  });
});

test("the tidying keeps no process alive, unless the program waits for it", { timeout: 60_000 }, async () => {
  const child = await bundle(new URL("tidying-child.ts", import.meta.url));
  const directory = await mkdtemp(join(tmpdir(), "runledger-tidying-"));
  try {
    const outcome = async (...args: string[]): Promise<{ removed: number; began: number; code: number | null }> => {
      const process = startChild([globalThis.process.execPath, child.script, ...args]);
      const { code } = await process.ended;
      expect(process.lines).toContain("found 40");
      const count = (what: string): number => process.lines.filter((line) => line === what).length;
      return { removed: count("removed"), began: count("began"), code };
    };
    expect(await outcome("search")).toEqual({ removed: 0, began: 0, code: 0 });
    expect(await outcome("search", join(directory, "a"))).toEqual({ removed: 0, began: 0, code: 0 });
    expect(await outcome("close", join(directory, "b"))).toMatchObject({ removed: 80, code: 0 });
  } finally {
    await rm(directory, { recursive: true });
    await child.remove();
  }
});
