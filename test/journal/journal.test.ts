import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { losesRecords } from "../../src/journal/damage.ts";
import { MAX_SHAPES } from "../../src/journal/shape.ts";
import { faultyBackend } from "../../src/testing/faulty-backend.ts";
import { addRow, newWriter, objectsOnly, readAll, type Row, rows, same } from "./records.ts";

const places = [
  ["appending", () => memoryBackend()],
  ["one object a flush", () => objectsOnly()],
] as const;

describe.each(places)("a journal, %s", (_name, newPlace) => {
  test("gives back every row bit for bit, in order, whatever the values and wherever it was flushed", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.array(fc.nat(60)), async (logged, flushes) => {
        const place = newPlace();
        const writer = newWriter(place);
        for (const [i, row] of logged.entries()) {
          addRow(writer, row);
          if (flushes.includes(i)) await writer.flush();
        }
        await writer.flush();
        const journal = await readAll(place);
        expect(journal.damage).toEqual([]);
        expect(same(journal.rows, logged)).toBe(true);
        expect(journal.numbers).toEqual(logged.map((_, i) => i));
        writer.close();
      }),
      { numRuns: 150 },
    );
  });

  test("keeps rows and events in one line", async () => {
    const place = newPlace();
    const writer = newWriter(place);
    addRow(writer, { step: 1, time: 2, metrics: [["a", 3]] });
    writer.event({ kind: "note", text: "ä" }, "note");
    addRow(writer, { step: 2, time: 3, metrics: [["a", 4]] });
    await writer.flush();
    const { numbers, events } = await readAll(place);
    expect(numbers).toEqual([0, 1, 2]);
    expect(events).toMatchObject([{ kind: "note", text: "ä", v: 1, order: 1 }]);
    writer.close();
  });

  test("stores a row once if its write was done but not acknowledged", async () => {
    const place = newPlace();
    const backend = faultyBackend(place, [{ at: 1, mode: "lost-ack" }]);
    const writer = newWriter(backend);
    const logged: Row[] = [
      { step: 1, time: 1, metrics: [["a", 1]] },
      {
        step: 2,
        time: 2,
        metrics: [
          ["a", 2],
          ["b", 3],
        ],
      },
    ];
    addRow(writer, logged[0] as Row);
    await expect(writer.flush()).rejects.toSatisfy(LedgerError.is);
    expect(writer.stats).toMatchObject({ acknowledged: 0, buffered: 1 });
    addRow(writer, logged[1] as Row);
    await writer.flush();
    expect(writer.stats).toMatchObject({ points: 3, acknowledged: 3, buffered: 0, dropped: 0 });
    const journal = await readAll(place);
    expect(same(journal.rows, logged)).toBe(true);
    expect(journal.damage.filter(losesRecords)).toEqual([]);
    writer.close();
  });

  test("drops new points once its bound is reached, counts them, and records it", async () => {
    const place = newPlace();
    const backend = faultyBackend(place, [{ at: 1, mode: "error-before", times: 3 }]);
    const writer = newWriter(backend, { maxBufferedBytes: 100 });
    for (let i = 0; i < 100; i++) addRow(writer, { step: i, time: i, metrics: [["a", Math.PI]] });
    await expect(writer.flush()).rejects.toSatisfy(LedgerError.is);
    const { dropped, buffered } = writer.stats;
    expect(dropped).toBeGreaterThan(0);
    expect(dropped + buffered).toBe(100);
    for (let tries = 0; writer.stats.buffered > 0 && tries < 10; tries++) await writer.flush().catch(() => {});
    await writer.flush();
    const journal = await readAll(place);
    expect(journal.rows.length).toBe(100 - dropped);
    expect(journal.events).toMatchObject([{ kind: "dropped", points: dropped }]);
    writer.close();
  });
});

test("key sets that never repeat are kept too, beyond the number of shapes", async () => {
  const place = memoryBackend();
  const writer = newWriter(place);
  const logged = Array.from({ length: MAX_SHAPES + 50 }, (_, i): Row => ({
    step: i,
    time: i,
    metrics: [
      [`k${i}`, i / 3],
      ["x", -0],
    ],
  }));
  for (const row of logged) addRow(writer, row);
  await writer.flush();
  expect(same((await readAll(place)).rows, logged)).toBe(true);
  writer.close();
});

test("another process under the same writer id costs neither its points nor ours", async () => {
  const place = objectsOnly();
  const [a, b] = [newWriter(place), newWriter(place)];
  addRow(a, { step: 1, time: 1, metrics: [["a", 1]] });
  addRow(b, { step: 2, time: 2, metrics: [["b", 2]] });
  await a.flush();
  await b.flush();
  const journal = await readAll(place);
  expect(journal.rows.map(({ step }) => step).sort()).toEqual([1, 2]);
  expect(journal.damage).toEqual([]);
  expect(a.id).not.toBe(b.id);
  a.close();
  b.close();
});

test("a store that shows other bytes under every name counts as a failure, and the writer does not try names for ever", async () => {
  const place = objectsOnly();
  let attempts = 0;
  let isHostile = true;
  const backend: typeof place = {
    ...place,
    create: async (key, body, options) => {
      if (!isHostile) return await place.create(key, body, options);
      // Bounded here, so that this fails rather than hangs when the writer does not stop by itself.
      if (++attempts > 50) throw new LedgerError("IO", "far too many attempts", { key });
      throw new LedgerError("EXISTS", "somebody was faster", { key });
    },
    read: async (key, options) => (isHostile ? new Uint8Array([1]) : await place.read(key, options)),
  };
  const writer = newWriter(backend);
  const logged: Row[] = [{ step: 1, time: 1, metrics: [["a", 1]] }];
  addRow(writer, logged[0] as Row);
  await expect(writer.flush()).rejects.toThrow(expect.objectContaining({ code: "CONFLICT" }));
  expect(attempts).toBe(2);
  expect(writer.stats).toMatchObject({ acknowledged: 0, buffered: 1, lastError: { code: "CONFLICT" } });
  isHostile = false;
  await writer.flush();
  const journal = await readAll(place);
  expect(same(journal.rows, logged)).toBe(true);
  expect(journal.damage).toEqual([]);
  writer.close();
});
