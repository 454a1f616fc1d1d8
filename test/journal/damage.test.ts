import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Damage, DamageList, losesRecords, lossError } from "../../src/journal/damage.ts";
import { uniteDamage } from "../../src/journal/lost-objects.ts";
import { FRAME_OVERHEAD_BYTES, writeFrame } from "../../src/journal/frame.ts";
import { SEGMENT_MAGIC, segmentKey, segmentSeed } from "../../src/journal/segment.ts";
import { TAG } from "../../src/journal/shape.ts";
import { frames } from "../format/scenarios/by-hand.ts";
import { addRow, newWriter, readAll, type Row, RUN, WRITER } from "./records.ts";

const logged = Array.from({ length: 30 }, (_, i): Row => ({
  step: i,
  time: 1_700_000_000_000 + i,
  metrics:
    i % 3 === 0
      ? [["a", i / 7]]
      : [
          ["a", i / 7],
          ["b", i],
        ],
}));

/** A segment of ten frames of three rows each. */
async function segment(): Promise<{ key: string; bytes: Uint8Array }> {
  const place = memoryBackend();
  const writer = newWriter(place);
  for (const [i, row] of logged.entries()) {
    addRow(writer, row);
    if (i % 3 === 2) await writer.flush();
  }
  writer.close();
  for await (const { key } of place.list("")) return { key, bytes: await place.read(key) };
  throw new Error("nothing was written");
}

async function readBack(key: string, bytes: Uint8Array): Promise<Awaited<ReturnType<typeof readAll>>> {
  const place = memoryBackend();
  await place.create(key, bytes);
  return await readAll(place);
}

const isLogged = (row: Row): boolean =>
  logged.some(
    (one) =>
      one.step === row.step && one.time === row.time && JSON.stringify(one.metrics) === JSON.stringify(row.metrics),
  );

test("every truncation gives the rows before it and is reported as a torn tail, or not at all at the end of a frame", async () => {
  const { key, bytes } = await segment();
  for (let length = 0; length < bytes.length; length++) {
    const { rows, damage } = await readBack(key, bytes.subarray(0, length));
    expect(rows.every((row, i) => row.step === i && isLogged(row))).toBe(true);
    expect(damage.filter(({ kind }) => kind !== "torn-tail")).toEqual([]);
    expect(damage.length).toBeLessThanOrEqual(1);
  }
});

test("every bit flip is noticed, located, and costs no row outside the frames it touches", async () => {
  const { key, bytes } = await segment();
  for (let at = 0; at < bytes.length; at++) {
    const broken = bytes.slice();
    broken[at] = (broken[at] as number) ^ (1 << (at % 8));
    const { rows, damage } = await readBack(key, broken);
    expect(rows.every(isLogged), `byte ${at}`).toBe(true);
    expect(damage.some(losesRecords), `byte ${at}`).toBe(true);
    expect(damage.every((one) => one.key === key)).toBe(true);
    // One frame of rows at most, or all that need a definition that is gone until it is given again.
    if (at > bytes.length / 2)
      expect(rows.length).toBeGreaterThanOrEqual(logged.length - 3 - (at > bytes.length - 60 ? 3 : 0));
  }
});

test("zeros after the last frame are a torn tail, as a power cut leaves them", async () => {
  const { key, bytes } = await segment();
  const padded = new Uint8Array(bytes.length + 5000);
  padded.set(bytes);
  const { rows, damage } = await readBack(key, padded);
  expect(rows.length).toBe(logged.length);
  expect(damage).toMatchObject([{ kind: "torn-tail", from: bytes.length, to: padded.length }]);
});

test("a segment under another name is damaged", async () => {
  const { key, bytes } = await segment();
  const { rows, damage } = await readBack(key.replace("writer0000000000", "writer2222222222"), bytes);
  expect(rows).toEqual([]);
  expect(damage).toMatchObject([{ kind: "unreadable-tail" }]);
});

test("a segment that is gone is missed", async () => {
  const place = memoryBackend();
  const writer = newWriter(place);
  for (const row of logged.slice(0, 3)) addRow(writer, row);
  await writer.flush();
  writer.close();
  const keys: string[] = [];
  for await (const { key } of place.list("")) keys.push(key);
  const { bytes } = await segment();
  // What remains begins with the fourth frame.
  const cut = bytes.length - Math.floor(bytes.length / 2);
  const joined = new Uint8Array(8 + bytes.length - cut);
  joined.set(bytes.subarray(0, 8));
  joined.set(bytes.subarray(cut), 8);
  const { damage } = await readBack(keys[0] as string, joined);
  expect(damage.some(({ kind }) => kind === "missing")).toBe(true);
});

test("a megabyte of garbage is read in bounded time", async () => {
  const { key } = await segment();
  const garbage = new Uint8Array(1 << 20);
  for (let i = 0; i < garbage.length; i++) garbage[i] = Math.imul(i, 2654435761) >>> 24;
  const { rows, damage } = await readBack(key, garbage);
  expect(rows).toEqual([]);
  expect(damage.length).toBe(1);
});

describe("records of a later version do not count as damaged", () => {
  /** The bytes with one more frame behind them. */
  const withFrame = (bytes: Uint8Array, payload: number[]): Uint8Array => {
    const out = new Uint8Array(bytes.length + payload.length + FRAME_OVERHEAD_BYTES);
    out.set(bytes);
    writeFrame(out, bytes.length, [Uint8Array.from(payload)], segmentSeed(RUN, { writer: WRITER, seq: 0, flushes: 1 }));
    return out;
  };
  test.each<[string, number[], string]>([
    ["a payload of kind 4", [4, 1, 2], "newer"],
    ["a payload of kind 255", [255], "newer"],
    ["an item of tag 5", [2, 30, 1, 5, 0], "newer"],
    ["a payload of kind 0", [0, 1, 2], "corrupt"],
    ["an item of tag 1 among records", [2, 30, 1, 1, 0], "corrupt"],
  ])("%s", async (_, payload, kind) => {
    const { key, bytes } = await segment();
    const { rows, damage } = await readBack(key, withFrame(bytes, payload));
    expect(rows).toHaveLength(logged.length);
    expect(damage.map((each) => each.kind)).toEqual([kind]);
    expect(damage.every(losesRecords)).toBe(true);
    expect(lossError("x is", damage[0]!).code).toBe(kind === "newer" ? "FORMAT_TOO_NEW" : "CORRUPT");
  });

  test("a segment of a later version, but not one whose version byte is damaged", async () => {
    const { key, bytes } = await segment();
    const later = Uint8Array.from([...bytes.subarray(0, 7), 2, ...Array.from({ length: 200 }, (_, i) => i)]);
    expect((await readBack(key, later)).damage).toMatchObject([{ kind: "newer", from: 0, to: later.length }]);
    const flipped = bytes.slice();
    flipped[7] = 3;
    const { rows, damage } = await readBack(key, flipped);
    expect(rows).toHaveLength(logged.length);
    expect(damage.map(({ kind }) => kind)).toEqual(["corrupt"]);
  });
});

test("united lists of damage have each place and each record of unknown kind once", () => {
  const torn = { kind: "torn-tail", key: "a", message: "torn", from: 1, to: 2 } as const;
  const unknown = [1, 2].map((n) => ({ kind: "unknown", key: "a", message: `record ${n}` }) as const);
  const missing = { kind: "missing", key: "b", message: "lost" } as const;
  const again = [
    { ...torn, message: "torn, as another says" },
    { ...missing, message: "gone" },
  ];
  expect(uniteDamage([torn, ...unknown, missing], again)).toEqual([torn, ...unknown, missing]);
  expect(new DamageList([torn, ...unknown, missing, ...again]).list()).toEqual([torn, ...unknown, missing]);
});

test("a list names a hundred places of each kind and counts the others on the last, also when lists are merged", () => {
  const places = (kind: Damage["kind"], from: number, to: number): Damage[] =>
    Array.from({ length: to - from }, (_, i) => ({ kind, key: "a", message: "", from: from + i, to: from + i + 1 }));
  const first = new DamageList([...places("corrupt", 0, 120), ...places("newer", 0, 60)]).list();
  expect(first).toEqual([
    ...places("corrupt", 0, 99),
    { ...places("corrupt", 99, 100)[0], more: 20 },
    ...places("newer", 0, 60),
  ]);
  const second = new DamageList(places("newer", 1000, 1130)).list();
  expect(uniteDamage(first, second).slice(160)).toEqual([
    ...places("newer", 1000, 1039),
    { ...places("newer", 1039, 1040)[0], more: 90 },
  ]);
});

describe("a payload that cannot be decoded as a whole", () => {
  const row = (n: number): number[] => [
    TAG.loose,
    n === 0 ? 0 : 2,
    0,
    1,
    1,
    97,
    ...new Uint8Array(Float64Array.of(n).buffer),
  ];
  const records = (first: number, count: number, ...items: number[][]): Uint8Array =>
    Uint8Array.from([2, first, count, ...items.flat()]);
  const read = async (...payloads: Uint8Array[]): Promise<[number[], string[]]> => {
    const body = frames(RUN, WRITER, 0, payloads);
    const { rows, damage } = await readBack(
      segmentKey(RUN, { writer: WRITER, seq: 0, flushes: 1 }),
      Uint8Array.from([...SEGMENT_MAGIC, ...body]),
    );
    return [rows.map(({ metrics }) => metrics[0]![1]), damage.map(({ kind }) => kind)];
  };

  test("counts up to the place, and no record of it counts again when it is repeated", async () => {
    const broken = records(0, 3, row(0), row(1), [TAG.shape]);
    expect(await read(broken, records(0, 3, row(0), row(1), row(2)))).toEqual([[0, 1, 2], ["corrupt"]]);
    expect(await read(broken, records(3, 1, row(3)))).toEqual([
      [0, 1, 3],
      ["corrupt", "missing"],
    ]);
  });

  test("counts as a whole if only the number of its records is wrong", async () => {
    expect(await read(records(0, 1, row(0), row(1)), records(2, 1, row(2)))).toEqual([[0, 1, 2], ["corrupt"]]);
    expect(await read(records(0, 3, row(0), row(1)), records(2, 1, row(2)))).toEqual([[0, 1, 2], ["corrupt"]]);
  });
});
