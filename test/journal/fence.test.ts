import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import {
  encodeFenceSegment,
  fenceKey,
  isFenceSegment,
  MAX_FENCE_SEGMENT_BYTES,
  parseFenceKey,
} from "../../src/journal/fence.ts";
import { segmentKey } from "../../src/journal/segment.ts";
import { addRow, newWriter, objectsOnly, readAll, RUN, WRITER } from "./records.ts";

const name = { writer: WRITER, seq: 1 };
const bytes = encodeFenceSegment(RUN, name, 3, "someone000000000");

test("a fence has a number in its key", () => {
  expect(fenceKey(RUN, 1)).toBe(`runs/${RUN}/fences/000001.json`);
  for (const n of [1, 999_999, 1_000_000]) expect(parseFenceKey(fenceKey(RUN, n))).toBe(n);
  for (const key of [`runs/${RUN}/fences/1.json`, `runs/${RUN}/journal/000001.json`, `runs/${RUN}/run.0001.json`])
    expect(parseFenceKey(key)).toBeUndefined();
});

test("a fence segment has the bytes that FORMAT.md describes", () => {
  const hex = Buffer.from(bytes).toString("hex");
  expect(hex).toMatch(/^524c4a4f55524e0112000000.{8}0303736f6d656f6e65303030303030303030.{8}$/);
  // Both CRCs, as they will always be.
  expect(hex).toMatch(/^.{24}22b61b5e.{36}9bd83c13$/);
  expect(encodeFenceSegment(RUN, name, Number.MAX_SAFE_INTEGER, "x".repeat(64)).length).toBeLessThan(
    MAX_FENCE_SEGMENT_BYTES,
  );
});

test("only a fence segment under its own name is taken for one", async () => {
  expect(isFenceSegment(bytes, RUN, name)).toBe(true);
  expect(isFenceSegment(bytes, RUN, { ...name, seq: 2 })).toBe(false);
  expect(isFenceSegment(bytes, "otherrun00000000", name)).toBe(false);
  for (let i = 0; i < bytes.length; i++) {
    expect(isFenceSegment(bytes.slice(0, i), RUN, name)).toBe(false);
    const flipped = bytes.slice();
    flipped[i] = (flipped[i] as number) ^ 1;
    expect(isFenceSegment(flipped, RUN, name), `byte ${i}`).toBe(false);
  }
  expect(isFenceSegment(new Uint8Array([...bytes, 0]), RUN, name)).toBe(false);

  const place = objectsOnly();
  const writer = newWriter(place);
  addRow(writer, { step: 1, time: 1, metrics: [["a", 1]] });
  await writer.flush();
  const data = await place.read(segmentKey(RUN, { writer: WRITER, seq: 0 }));
  expect(isFenceSegment(data, RUN, { writer: WRITER, seq: 0 })).toBe(false);
  writer.close();
});

test("readers pass over a fence segment, and the writer it stands for is shut out for good", async () => {
  const memory = memoryBackend();
  const place = objectsOnly(memory);
  const writer = newWriter(place);
  addRow(writer, { step: 1, time: 1, metrics: [["a", 1]] });
  await writer.flush();
  await place.create(segmentKey(RUN, name), bytes);
  addRow(writer, { step: 2, time: 2, metrics: [["a", 2]] });
  for (let i = 0; i < 2; i++) await expect(writer.flush()).rejects.toMatchObject({ code: "FENCED" });
  expect(writer.stats).toMatchObject({ acknowledged: 1, buffered: 1, dropped: 0 });
  expect((await readAll(place)).rows).toEqual([{ step: 1, time: 1, metrics: [["a", 1]] }]);
  expect((await readAll(place)).damage).toEqual([]);
  expect(memory.snapshot().size).toBe(2);
});
