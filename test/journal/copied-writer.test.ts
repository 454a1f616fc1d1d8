import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { Backend } from "../../src/index.ts";
import type { JournalWriter } from "../../src/journal/journal-writer.ts";
import { createTestClock, type TestClock } from "../../src/testing/index.ts";
import { addRow, newWriter, objectsOnly, readAll } from "./records.ts";

async function flushed(writer: JournalWriter, from: number, to: number): Promise<void> {
  for (let step = from; step < to; step++) {
    addRow(writer, { step, time: 0, metrics: [["loss", step]] });
    await writer.flush();
  }
}

/** Two writers with one id, as a copied machine has them. The first one goes on; the second one comes later. */
async function copied(steps: number, clock: TestClock): Promise<{ backend: Backend; late: JournalWriter }> {
  const backend = objectsOnly(memoryBackend());
  const first = newWriter(backend, { clock, removal: { gathered: 2, keptMs: 0 } });
  const late = newWriter(backend, { clock });
  await flushed(first, 0, steps);
  // Until what was removed in the background is gone.
  for (let i = 0; i < 100; i++) await Promise.resolve();
  return { backend, late };
}

test.each([1, 3, 20])(
  "a copy that comes back after %i flushes of the other one goes on under a new id",
  async (steps) => {
    const clock = createTestClock();
    const { backend, late } = await copied(steps, clock);
    await clock.advance(6 * 60_000);
    await flushed(late, 1000, 1003);
    const { rows, damage } = await readAll(backend);
    expect(damage).toEqual([]);
    expect(rows.map(({ step }) => step)).toEqual([...Array.from({ length: steps }, (_, i) => i), 1000, 1001, 1002]);
  },
);

test("a writer that was away and is alone stores its next object with one more request", async () => {
  const clock = createTestClock();
  const backend = objectsOnly(memoryBackend());
  let lists = 0;
  const counted: Backend = { ...backend, list: (prefix, options) => (lists++, backend.list(prefix, options)) };
  const writer = newWriter(counted, { clock });
  await flushed(writer, 0, 9);
  expect(lists).toBe(0);
  await clock.advance(6 * 60_000);
  await flushed(writer, 9, 12);
  expect(lists).toBe(1);
  expect((await readAll(backend)).rows.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(writer.id).toBe("writer0000000000");
});

test("an object whose answer was lost before the writer was away is its own", async () => {
  const clock = createTestClock();
  const backend = objectsOnly(memoryBackend());
  let isLost = false;
  const losing: Backend = {
    ...backend,
    create: async (key, body, options) => {
      await backend.create(key, body, options);
      if (isLost) throw new Error("the answer is lost");
    },
  };
  const writer = newWriter(losing, { clock });
  await flushed(writer, 0, 5);
  isLost = true;
  await expect(flushed(writer, 5, 6)).rejects.toThrow("the backend failed without saying why");
  isLost = false;
  await clock.advance(6 * 60_000);
  await flushed(writer, 6, 8);
  expect((await readAll(backend)).rows.map(({ step }) => step)).toEqual(Array.from({ length: 8 }, (_, i) => i));
  expect(writer.id).toBe("writer0000000000");
});
