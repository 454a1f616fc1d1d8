import { expect, test } from "vitest";
import type { Entry } from "../../src/backend/index.ts";
import { type Backend, openLedger, type Run, type RunUpdate } from "../../src/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { listSegments } from "../journal/list-segments.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

import fc from "fast-check";
import { cases } from "../rounds.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A backend whose calls wait until they are let through, one by one. */
function gated(inner: Backend): { backend: Backend; pass(): void; close(): void } {
  const waiting: (() => void)[] = [];
  let isOpen = true;
  const gate = (): Promise<void> => (isOpen ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)));
  const backend: Backend = {
    contract: 1,
    name: inner.name,
    capabilities: { ...inner.capabilities, move: false },
    create: (key, body, options) => inner.create(key, body, options),
    remove: (key, options) => inner.remove(key, options),
    read: async (key, options) => {
      await gate();
      return await inner.read(key, options);
    },
    stat: async (key, options) => {
      await gate();
      return await inner.stat(key, options);
    },
    async *list(prefix, options): AsyncGenerator<Entry> {
      await gate();
      yield* inner.list(prefix, options);
    },
    ...(inner.append && { append: (key, bytes, options) => (inner as Required<Backend>).append(key, bytes, options) }),
    ...(inner.changes && { changes: (prefix, options) => (inner as Required<Backend>).changes(prefix, options) }),
  };
  return {
    backend,
    pass: () => waiting.shift()?.(),
    close: () => void (isOpen = false),
  };
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("log" as const), writer: fc.nat(3), key: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("flush" as const), writer: fc.nat(3) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("ask" as const, "pass" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("time" as const, "join" as const, "tag" as const) }) },
);

interface Told {
  readonly updates: RunUpdate[];
  readonly values: Map<string, number[]>;
}

function take(told: Told, update: RunUpdate): void {
  told.updates.push(update);
  for (const [key, { values, steps, times }] of update.points) {
    expect(new Set([values.length, steps.length, times.length]).size).toBe(1);
    told.values.set(key, [...(told.values.get(key) ?? []), ...values]);
  }
}

async function watched(
  place: Backend,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  options: { readonly maxPoints?: number; readonly compact: boolean },
): Promise<void> {
  const clock = createTestClock();
  const writing = await openLedger(place, { clock, ids: seededIds(1, () => clock.now()) });
  const gate = gated(place);
  const ledger = await openLedger(gate.backend, { clock });
  gate.close();
  const first = await writing.startRun({ heartbeatMs: 1e9, flush: { intervalMs: 1e9 }, environment: false });
  const runs: Run[] = [first];
  const logged = new Map<string, number[][]>();
  const told: Told = { updates: [], values: new Map() };
  const updates = ledger.watchRun(first.id, options.maxPoints === undefined ? {} : { maxPoints: options.maxPoints });
  let asked: Promise<void> | undefined;
  let isDone = false;
  const ask = (): Promise<void> =>
    (asked ??= updates.next().then(({ done, value }) => {
      asked = undefined;
      if (done === true) isDone = true;
      else take(told, value);
    }));
  let n = 0;
  for (const one of steps) {
    switch (one.kind) {
      case "log": {
        const writer = one.writer % runs.length;
        const key = `k${one.key}`;
        const value = n++;
        runs[writer]?.log({ [key]: value, all: value });
        for (const name of [key, "all"]) {
          const byWriter = logged.get(name) ?? [[], [], [], [], []];
          byWriter[writer]?.push(value);
          logged.set(name, byWriter);
        }
        break;
      }
      case "flush":
        await runs[one.writer % runs.length]?.flush();
        break;
      case "join":
        if (runs.length < 4)
          runs.push(await writing.resumeRun(first.id, { heartbeatMs: 1e9, flush: { intervalMs: 1e9 } }));
        break;
      case "tag":
        first.setTags({ n });
        break;
      case "ask":
        void ask();
        break;
      case "pass":
        gate.pass();
        break;
      case "time":
        await clock.advance(10_000);
    }
    await turn();
  }
  for (const run of runs) await run.flush();
  // The last one to finish compacts the run, journals and all.
  if (options.compact) for (const run of runs.slice(1)) await run.finish();
  await first.finish();
  const drained = (async () => {
    while (!isDone) await ask();
  })();
  let isOver = false;
  void drained.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  while (!isOver) {
    gate.pass();
    await clock.advance(10_000);
  }
  await drained;
  expect([...told.values.keys()].sort()).toEqual([...logged.keys()].sort());
  for (const [key, byWriter] of logged) {
    const values = told.values.get(key) ?? [];
    expect(values.toSorted((a, b) => a - b)).toEqual(byWriter.flat().toSorted((a, b) => a - b));
    for (const own of byWriter) {
      const mine = new Set(own);
      expect(values.filter((value) => mine.has(value))).toEqual(own);
    }
  }
  expect(told.updates.at(-1)?.status).toBe("finished");
  expect(told.updates.at(-1)?.record).toEqual(await writing.getRun(first.id));
  for (const update of told.updates) expect(update).not.toHaveProperty("gap");
  for (const run of runs.slice(1)) await run.finish();
}

test.each([
  ["that appends", (): Backend => memoryBackend()],
  ["of whole objects", (): Backend => objectsOnly()],
])(
  "in any order of logging, storing and looking, on a backend %s, each point is delivered once",
  async (_name, make) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        fc.boolean(),
        async (steps, maxPoints, compact) => {
          await watched(make(), steps, { ...(maxPoints !== undefined && { maxPoints }), compact });
        },
      ),
      { numRuns: cases(150) },
    );
  },
);

test("points that a writer stored before another closed the run are delivered, even if the look at it came earlier", async () => {
  const place = memoryBackend();
  const clock = createTestClock();
  const writing = await openLedger(place, { clock, ids: seededIds(1, () => clock.now()) });
  const quiet = { heartbeatMs: 1e9, flush: { intervalMs: 1e9 } };
  const first = await writing.startRun(quiet);
  first.log({ all: 0 });
  await first.flush();
  const second = await writing.resumeRun(first.id, quiet);
  const gate = gated(place);
  const ledger = await openLedger(gate.backend, { clock });
  const updates = ledger.watchRun(first.id);
  const told: Told = { updates: [], values: new Map() };
  const created = JSON.parse(new TextDecoder().decode(await place.read(`runs/${first.id}/run.created.json`))) as {
    writer: { id: string };
  };
  const [readFirst] = (await listSegments(place, first.id)).keys();
  const [early, late] = readFirst === created.writer.id ? [first, second] : [second, first];
  gate.close();
  const asked = updates.next();
  await turn();
  // How the run began, the listing, and the journal that is read first.
  for (let i = 0; i < 3; i++) {
    gate.pass();
    for (let turns = 0; turns < 20; turns++) await turn();
  }
  early.log({ all: 1 });
  await early.flush();
  await late.finish();
  for (let i = 0; i < 100; i++) {
    gate.pass();
    await turn();
  }
  const { value } = await asked;
  take(told, value as RunUpdate);
  expect([...told.values.values()].flat()).not.toContain(1);
  expect(told.updates[0]?.status).toBe("finished");
  const rest = (async () => {
    for await (const update of updates) take(told, update);
  })();
  for (let i = 0; i < 100; i++) {
    gate.pass();
    await turn();
  }
  await rest;
  expect(told.values.get("all")?.toSorted()).toEqual([0, 1]);
  expect(told.updates.at(-1)?.record).toEqual(await writing.getRun(first.id));
});

test("a writer continues whose journal was compacted before it was read: nothing counts as missing or twice", async () => {
  const place = objectsOnly();
  const clock = createTestClock();
  const writing = await openLedger(place, { clock, ids: seededIds(1, () => clock.now()) });
  const quiet = { heartbeatMs: 1e9, flush: { intervalMs: 1e9 } };
  const first = await writing.startRun(quiet);
  const second = await writing.resumeRun(first.id, quiet);
  const updates = (await openLedger(place, { clock })).watchRun(first.id);
  const told: Told = { updates: [], values: new Map() };
  take(told, (await updates.next()).value as RunUpdate);
  for (const [n, run] of [first, second, first, second].entries()) {
    run.log({ all: n });
    await run.flush();
  }
  await first.finish();
  // It left the compaction to the second writer; somebody else does it.
  await (await openLedger(place, { clock })).recover(first.id);
  expect((await listSegments(place, first.id)).size).toBe(0);
  second.log({ all: 4 });
  await second.flush();
  let isOver = false;
  const asked = updates.next().finally(() => (isOver = true));
  while (!isOver) await clock.advance(250);
  take(told, (await asked).value as RunUpdate);
  expect(told.values.get("all")?.toSorted()).toEqual([0, 1, 2, 3, 4]);
  expect(told.updates.at(-1)).not.toHaveProperty("gap");
  await updates.return?.();
});
