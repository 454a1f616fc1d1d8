import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, openLedger } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/index.ts";
import { intercept } from "../../src/testing/intercept.ts";
import { objectsOnly } from "../journal/records.ts";

/** A handle on a place that does something else just before one of its calls. */
function before(
  inner: Backend,
  isTheOne: (operation: string, key: string) => boolean,
  deed: () => Promise<void>,
): Backend {
  let isDone = false;
  return intercept(inner, {
    call: async ({ operation, key }, proceed) => {
      if (!isDone && isTheOne(operation, key)) {
        isDone = true;
        await deed();
      }
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
}

test.each([
  ["appends", (inner: Backend) => inner],
  ["takes whole objects", (inner: Backend) => objectsOnly(inner)],
])(
  "two that compact a run at once, at any moment, on a backend that %s: all points are there, once",
  async (_name, shape) => {
    let raced = 0;
    for (let at = 1; ; at++) {
      const memory = memoryBackend();
      const place = shape(memory);
      const clock = createTestClock();
      const ledger = await openLedger(place, { clock });
      let calls = 0;
      let isClosing = false;
      let id = "";
      const racing = before(
        place,
        (_operation, key) => isClosing && key.startsWith("runs/") && ++calls === at,
        async () => {
          const { interrupted } = await ledger.recover(id, { graceMs: 0 });
          expect(interrupted.length).toBeLessThanOrEqual(1);
          raced++;
        },
      );
      const run = await (await openLedger(racing, { clock })).startRun({ environment: false });
      id = run.id;
      run.log({ a: 1 }, { step: 0 });
      await run.flush();
      const other = await ledger.resumeRun(id);
      other.log({ a: 2 }, { step: 0 });
      await other.finish();
      run.log({ a: 3 }, { step: 0 });
      isClosing = true;
      await run.finish();
      const { steps, values } = await ledger.history(id, "a");
      expect([...values], `before call ${at}`).toEqual([1, 3, 2]);
      expect([...steps]).toEqual([0, 0, 0]);
      expect(await ledger.getRun(id)).toMatchObject({ status: "finished", damage: [], metrics: { a: { count: 3 } } });
      await ledger.recover(id, { graceMs: 0 });
      expect([...(await ledger.history(id, "a")).values]).toEqual([1, 3, 2]);
      if (calls < at) break;
    }
    expect(raced).toBeGreaterThan(8);
  },
);

test.each([false, true])(
  "a journal that grew between being listed and being read is compacted whole, and so its writer finds it; another compaction over that: %s",
  async (again) => {
    const place = memoryBackend();
    const clock = createTestClock();
    const ledger = await openLedger(place, { clock });
    let reached!: () => void;
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    let release!: () => void;
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    let lists = 0;
    let isClosing = false;
    // The first one stops behind its last flush, before it looks who else there is.
    const slow = intercept(place, {
      call: (_call, proceed) => proceed(),
      async *list(_call, proceed) {
        if (isClosing && ++lists === 2) {
          reached();
          await isReleased;
        }
        yield* proceed();
      },
    });
    const first = await (await openLedger(slow, { clock })).startRun({ environment: false });
    first.log({ a: 1 }, { step: 0 });
    await first.flush();
    const journal = [...place.snapshot().keys()].find((key) => key.includes("/journal/")) as string;

    let finishing: Promise<void> | undefined;
    let reads = 0;
    const racing = before(
      place,
      // The second time, for what it writes.
      (operation, key) => operation === "read" && key === journal && isClosing && ++reads === 2,
      async () => {
        first.log({ a: 2 }, { step: 0 });
        finishing = first.finish();
        await isReached;
      },
    );
    const second = await (await openLedger(racing, { clock })).resumeRun(first.id);
    second.log({ a: 3 }, { step: 0 });
    isClosing = true;
    await second.finish();
    expect(place.snapshot().has(journal)).toBe(false);
    if (again) {
      const third = await ledger.resumeRun(first.id);
      third.log({ a: 4 }, { step: 0 });
      await third.finish();
    }
    release();
    await finishing;
    expect(first.status).toBe("finished");
    expect([...(await ledger.history(first.id, "a")).values]).toEqual(again ? [1, 2, 3, 4] : [1, 2, 3]);
    expect(await ledger.getRun(first.id)).toMatchObject({ status: "finished", damage: [] });
  },
);
