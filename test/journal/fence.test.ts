import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import {
  fenceClaimKey,
  fencedEndKey,
  fenceKey,
  parseFenceClaimKey,
  parseFencedEndKey,
  parseFenceKey,
} from "../../src/journal/fence.ts";
import { listRun } from "../../src/journal/list-run.ts";
import { readFolds } from "../../src/journal/run-state.ts";
import type { RunCreated } from "../../src/journal/run-created.ts";
import { addRow, newWriter, objectsOnly, RUN, WRITER } from "./records.ts";

const created: RunCreated = {
  v: 1,
  id: RUN,
  experiment: "e",
  name: "n",
  createdAt: 0,
  writer: { id: WRITER, beatMs: 1 },
};

test("the three kinds of keys under fences/ have the shapes that FORMAT.md describes, and only they are read", () => {
  const claim = { n: 12, id: "0123456789abcdef0123456789abcdef" };
  const end = { writer: WRITER, next: 7 };
  expect(fenceKey(RUN, 1)).toBe(`runs/${RUN}/fences/000001.json`);
  expect(fenceClaimKey(RUN, claim)).toBe(`runs/${RUN}/fences/000012.claim.${claim.id}`);
  expect(fencedEndKey(RUN, 12, end)).toBe(`runs/${RUN}/fences/000012.end.${WRITER}.7`);
  for (const n of [1, 999_999, 1_000_000]) {
    expect(parseFenceKey(fenceKey(RUN, n))).toBe(n);
    expect(parseFenceClaimKey(fenceClaimKey(RUN, { ...claim, n }))).toEqual({ ...claim, n });
    expect(parseFencedEndKey(fencedEndKey(RUN, n, end))).toEqual(end);
  }
  const others = [
    `runs/${RUN}/fences/1.json`,
    `runs/${RUN}/fences/0000001.json`,
    `runs/${RUN}/more/fences/000001.json`,
    `runs/${RUN}/fences/000001.end.${WRITER}.07`,
    `runs/${RUN}/journal/000001.json`,
    `runs/${RUN}/run.0001.json`,
    `runs/${RUN}/fences/000001.claim.x`,
    `runs/${RUN}/fences/000001.end.${WRITER}.`,
    `runs/${RUN}/fences/000001.end.${WRITER}.99999999999999999`,
    `runs/${RUN}/fences/000001.end.${WRITER}.9999999999999999`,
  ];
  for (const key of others) {
    expect(parseFenceKey(key), key).toBeUndefined();
    expect(parseFenceClaimKey(key), key).toBeUndefined();
    expect(parseFencedEndKey(key), key).toBeUndefined();
  }
});

test.each([
  ["appends", true],
  ["takes whole objects only", false],
])("where the backend %s, records from a recorded end on do not count; the lowest end does", async (_name, appends) => {
  const place = appends ? memoryBackend() : objectsOnly();
  const writer = newWriter(place);
  for (let step = 0; step < 6; step++) {
    addRow(writer, { step, time: step, metrics: [["a", step]] });
    await writer.flush();
  }
  writer.close();
  const fold = async () => {
    const { writers } = await listRun(place, RUN);
    const [found] = await readFolds(place, created, writers);
    return { next: found?.next, count: found?.summaries.get("a")?.count, damage: found?.damage };
  };
  expect(await fold()).toEqual({ next: 6, count: 6, damage: [] });
  for (const [n, next, expected] of [
    [1, 4, 4],
    [2, 5, 4],
    [3, 2, 2],
  ] as const) {
    await place.create(fencedEndKey(RUN, n, { writer: WRITER, next }), new Uint8Array());
    expect(await fold()).toEqual({ next: expected, count: expected, damage: [] });
  }
  // Other writers are not concerned.
  await place.create(fencedEndKey(RUN, 4, { writer: "other", next: 0 }), new Uint8Array());
  expect((await fold()).next).toBe(2);
});
