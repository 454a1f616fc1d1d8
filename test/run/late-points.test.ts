import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { metricsFiles } from "../../src/files/index.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { runPrefix } from "../../src/journal/run-created.ts";
import { createTestClock } from "../../src/testing/index.ts";
import { intercept } from "../../src/testing/intercept.ts";
import { objectsOnly } from "../journal/records.ts";
import { seededRandom } from "../seeded-random.ts";

type Point = readonly [step: number, value: number];

/** A run with enough points that a few late ones do not rewrite its file, and what was logged by metric. */
async function largeRun(place: Backend): Promise<{ ledger: Ledger; id: string; logged: Map<string, Point[]> }> {
  const ledger = await openLedger(place, { clock: createTestClock() });
  const logged = new Map<string, Point[]>();
  const run = await ledger.startRun({ environment: false });
  const random = seededRandom(7);
  for (let step = 0; step < 3000; step++) {
    const row = { a: random(), b: random(), "c/d": random() };
    run.log(row, { step });
    note(logged, row, step);
  }
  await run.finish();
  return { ledger, id: run.id, logged };
}

function note(logged: Map<string, Point[]>, row: Readonly<Record<string, number>>, step: number): void {
  for (const [key, value] of Object.entries(row)) {
    const points = logged.get(key) ?? [];
    points.push([step, value]);
    logged.set(key, points);
  }
}

async function names(place: Backend, id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of place.list(runPrefix(id))) found.push(key.slice(runPrefix(id).length + 1));
  return found.sort();
}

async function expectLogged(ledger: Ledger, id: string, logged: ReadonlyMap<string, Point[]>): Promise<void> {
  const histories = await ledger.histories(id);
  expect([...histories.keys()].sort()).toEqual([...logged.keys()].sort());
  for (const [key, points] of logged) {
    const sorted = [...points].sort(([a], [b]) => a - b);
    const { steps, values } = histories.get(key)!;
    expect([...steps]).toEqual(sorted.map(([step]) => step));
    expect([...values]).toEqual(sorted.map(([, value]) => value));
    expect((await ledger.history(id, key, { from: 2990, to: 3010 })).values).toEqual(
      Float64Array.from(sorted.filter(([step]) => step >= 2990 && step <= 3010).map(([, value]) => value)),
    );
  }
}

describe.each([
  ["appending", (inner: Backend) => inner],
  ["one object a flush", (inner: Backend) => objectsOnly(inner)],
])("%s", (_name, shape) => {
  test("late points are in a file of their own, and few documents stay", async () => {
    const place = shape(memoryBackend());
    const { ledger, id, logged } = await largeRun(place);
    const first = await place.stat(`${runPrefix(id)}/metrics.parquet`);
    for (let cycle = 0; cycle < 20; cycle++) {
      const run = await ledger.resumeRun(id);
      // Steps go on, or go back; some sessions log another metric, or none.
      for (let i = 0; i < cycle % 4; i++) {
        const step = cycle % 3 === 0 ? 1000 + i : 3000 + 10 * cycle + i;
        const row = cycle % 5 === 0 ? { b: cycle + i / 10, late: i } : { a: cycle + i / 10 };
        run.log(row, { step });
        note(logged, row, step);
      }
      run.setTags({ cycle: String(cycle) });
      await run.finish();
    }
    await expectLogged(ledger, id, logged);
    const files = await names(place, id);
    expect(files.filter((name) => /^metrics\.(\d+\.)?parquet$/.test(name))).toHaveLength(2);
    expect(await place.stat(`${runPrefix(id)}/metrics.parquet`)).toEqual(first);
    const documents = files.filter((name) => /^run\.(\d+\.)?json$/.test(name));
    expect(documents).toEqual([
      "run.0002.json",
      "run.0004.json",
      "run.0008.json",
      "run.0016.json",
      "run.0020.json",
      "run.0021.json",
      "run.json",
    ]);
    // Nothing is left to do.
    await ledger.recover(id);
    expect(await names(place, id)).toEqual(files);
    expect(await ledger.getRun(id)).toMatchObject({ status: "finished", tags: { cycle: "19" }, damage: [] });
  });
});

test("a history of a run with late points takes a few requests, and that of a run without them none more", async () => {
  const memory = memoryBackend();
  let requests = 0;
  const place = intercept(memory, {
    call: (_call, proceed) => {
      requests++;
      return proceed();
    },
    list: (_call, proceed) => {
      requests++;
      return proceed();
    },
  });
  const count = async (id: string): Promise<number> => {
    const fresh = await openLedger(place);
    requests = 0;
    await fresh.history(id, "a");
    return requests;
  };
  const { ledger, id } = await largeRun(place);
  const before = await count(id);
  for (let cycle = 0; cycle < 12; cycle++) {
    const run = await ledger.resumeRun(id);
    run.log({ a: cycle });
    await run.finish();
  }
  // The document, and the file with the late points.
  expect((await count(id)) - before).toBeLessThanOrEqual(2);
});

test("layers grow like those of a log-structured store: few files, and few bytes rewritten", async () => {
  const memory = memoryBackend();
  let written = 0;
  const place = intercept(memory, {
    call: async ({ operation, key }, proceed) => {
      const result = await proceed();
      if (operation === "create" && key.endsWith(".parquet")) written += (await memory.stat(key))?.size ?? 0;
      return result;
    },
    list: (_call, proceed) => proceed(),
  });
  const ledger = await openLedger(place);
  const random = seededRandom(3);
  const run = await ledger.startRun({ environment: false });
  await run.finish();
  let most = 0;
  let size = 0;
  for (let cycle = 0; cycle < 24; cycle++) {
    const session = await ledger.resumeRun(run.id);
    for (let i = 0; i < 600; i++) session.log({ a: random() });
    await session.finish();
    const { files } = await metricsFiles(ledger, [run.id]);
    most = Math.max(most, files.length);
    size = files.reduce((sum, each) => sum + each.size, 0);
  }
  expect(most).toBeLessThanOrEqual(4);
  expect(written / size).toBeLessThan(8);
  expect((await ledger.history(run.id, "a")).values).toHaveLength(14_400);
});

test("late points of a session that began before others stand in its place", async () => {
  const place = memoryBackend();
  const clock = createTestClock();
  const ledger = await openLedger(place, { clock });
  const early = await ledger.startRun({ environment: false });
  const random = seededRandom(5);
  for (let step = 0; step < 3000; step++) early.log({ a: random(), b: random() }, { step });
  await early.flush();
  const other = await (await openLedger(place, { clock })).resumeRun(early.id);
  other.log({ a: 2 }, { step: 5000 });
  await other.finish();
  await ledger.recover(early.id, { graceMs: 0 });
  early.log({ a: 1 }, { step: 5000 });
  await early.finish();
  await ledger.recover(early.id, { graceMs: 0 });
  const { values } = await ledger.history(early.id, "a", { from: 5000 });
  expect([...values]).toEqual([1, 2]);
});

test("samples of a metric with late points are those of its whole history", async () => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun({ environment: false });
  for (let step = 0; step < 20_000; step++)
    run.log({ a: Math.sin(step / 50), b: Math.cos(step / 70) + Math.sin(step) }, { step });
  await run.finish();
  const before = await ledger.history(run.id, "b", { samples: 200 });
  const late = await ledger.resumeRun(run.id);
  late.log({ a: 9 }, { step: 20_000 });
  await late.flush();
  const open = await ledger.history(run.id, "a", { samples: 200 });
  await late.finish();
  expect((await metricsFiles(ledger, [run.id])).files).toHaveLength(2);
  expect(await ledger.history(run.id, "a", { samples: 200 })).toEqual(open);
  expect(await ledger.history(run.id, "b", { samples: 200 })).toEqual(before);
  expect(open.values.at(-1)).toBe(9);
});

test("a close that others have overtaken does not count, although documents of its number are gone", async () => {
  const place = memoryBackend();
  const clock = createTestClock();
  const ledger = await openLedger(place, { clock });
  const first = await ledger.startRun({ environment: false });
  first.log({ a: 0 }, { step: 0 });
  await first.finish();
  const again = await ledger.resumeRun(first.id);
  again.log({ a: 1 }, { step: 1 });
  await again.finish();
  let isHeld = false;
  // Stops right before it creates document 3. Meanwhile others create documents 3, 4 and 5.
  const slowly = intercept(place, {
    call: async ({ operation, key }, proceed) => {
      if (operation === "create" && key.endsWith("run.0003.json") && !isHeld) {
        isHeld = true;
        for (let i = 0; i < 3; i++) {
          const other = await ledger.resumeRun(first.id);
          other.log({ a: 10 + i }, { step: 10 + i });
          await other.finish();
        }
      }
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
  const slow = await (await openLedger(slowly, { clock })).resumeRun(first.id);
  slow.log({ a: 2 }, { step: 2 });
  await slow.finish();
  expect(isHeld).toBe(true);
  await ledger.recover(first.id, { graceMs: 0 });
  expect([...(await ledger.history(first.id, "a")).values]).toEqual([0, 1, 2, 10, 11, 12]);
  expect(await ledger.getRun(first.id)).toMatchObject({ status: "finished", damage: [] });
  expect((await names(place, first.id)).filter((name) => name.startsWith("run.0003"))).toEqual([]);
});

test.each([
  ["appends", (inner: Backend) => inner],
  ["takes whole objects", (inner: Backend) => objectsOnly(inner)],
])(
  "two that close a resumed run at once, at any moment, on a backend that %s: all points are there, once",
  async (_name, shape) => {
    const beginning = memoryBackend();
    const { id, logged } = await largeRun(shape(beginning));
    const before = logged.get("a")!.map(([, value]) => value);
    let raced = 0;
    for (let at = 1; ; at++) {
      const memory = memoryBackend();
      for await (const { key } of beginning.list("")) await memory.create(key, await beginning.read(key));
      const place = shape(memory);
      const clock = createTestClock();
      const ledger = await openLedger(place, { clock });
      let calls = 0;
      let isClosing = false;
      const racing = intercept(place, {
        call: async ({ key }, proceed) => {
          if (isClosing && key.startsWith("runs/") && ++calls === at) {
            raced++;
            await ledger.recover(id, { graceMs: 0 });
            const third = await ledger.resumeRun(id);
            third.log({ a: 3 }, { step: 5000 });
            await third.finish();
          }
          return await proceed();
        },
        list: (_call, proceed) => proceed(),
      });
      for (const value of [1, 2]) {
        const run = await (await openLedger(racing, { clock })).resumeRun(id);
        run.log({ a: value }, { step: 4000 + value });
        isClosing = value === 2;
        await run.finish();
      }
      await ledger.recover(id, { graceMs: 0 });
      const { values } = await ledger.history(id, "a");
      expect([...values], `before call ${at}`).toEqual([...before, 1, 2, ...(calls < at ? [] : [3])]);
      expect(await ledger.getRun(id)).toMatchObject({ status: "finished", damage: [] });
      if (calls < at) break;
    }
    expect(raced).toBeGreaterThan(10);
  },
);

test("a document that lands after its create failed names what is there", async () => {
  const memory = memoryBackend();
  let isArmed = false;
  let land: (() => Promise<unknown>) | undefined;
  const place = intercept(memory, {
    call: async ({ operation, key }, proceed) => {
      if (!isArmed || operation !== "create" || !key.endsWith("run.0002.json")) return await proceed();
      isArmed = false;
      land = proceed;
      throw new LedgerError("IO", "the answer is lost", { key });
    },
    list: (_call, proceed) => proceed(),
  });
  const { ledger, id } = await largeRun(place);
  const late = await ledger.resumeRun(id);
  late.log({ a: 9 }, { step: 5000 });
  isArmed = true;
  await expect(late.finish()).rejects.toMatchObject({ code: "IO" });
  await land!();
  const reader = await openLedger(memory);
  expect([...(await reader.history(id, "a", { from: 5000 })).values]).toEqual([9]);
  await reader.recover(id, { graceMs: 0 });
  expect(await reader.getRun(id)).toMatchObject({ status: "finished", damage: [] });
  expect([...(await reader.history(id, "a", { from: 5000 })).values]).toEqual([9]);
});
