import { expect, test, vi } from "vitest";
import { loadSha256 } from "../../../src/bytes/sha256.ts";
import { hashTable } from "../../../src/provenance/datasets/hash-table.ts";
import { TableDigest } from "../../../src/provenance/datasets/table-digest.ts";

/** A signal that counts how often the work looks at it, and is aborted when it looked `most` times. */
function counting(most = Infinity): AbortSignal & { looks: number } {
  const signal = Object.assign(new AbortController().signal, { looks: 0 });
  signal.throwIfAborted = () => {
    if (++signal.looks > most) throw new Error("enough");
  };
  return signal;
}

async function digest(source: object, signal?: AbortSignal): Promise<string> {
  const table = new TableDigest(await loadSha256(), signal);
  await hashTable(table, source);
  return (await table.facts(undefined)).digest;
}

/** Returns how often the work looks whether it has to pause. */
async function looks(source: object): Promise<number> {
  const signal = counting();
  await digest(source, signal);
  return signal.looks;
}

const emptyTensor = (...shape: number[]): object => ({
  shape,
  dtype: "float32",
  data: async () => new Float32Array(),
});

test("one large cell pauses as often as many small ones, and a signal ends it", async () => {
  const points = Array.from({ length: 20_000 }, (_, i) => [i, 2]);
  const megabytes = (count: number): number => count * 1024 * 1024;
  for (const [source, least] of [
    [[{ x: points }], 40],
    [[{ x: [points] }], 40],
    [[{ x: Object.fromEntries(points.map((point, i) => [`${i}`, point])) }], 40],
    [[{ x: [new Float32Array(100_000)] }], 20],
    [[{ x: [Array.from({ length: 20_000 }, () => "text")] }], 15],
    [[{ x: new Uint8Array(megabytes(2)) }], 3],
    [[{ x: "ü".repeat(megabytes(1)) }], 6],
    [{ x: { shape: [1, 20_000, 2], dtype: "float32", data: async () => new Float32Array(40_000) } }, 10],
    [{ x: { shape: [1, 20_000], dtype: "bool", data: async () => new Uint8Array(20_000) } }, 15],
    [{ x: Array.from({ length: 20_000 }, () => null) }, 15],
    [Array.from({ length: 20_000 }, () => ({})), 15],
    [emptyTensor(1, 20_000, 0), 15],
    // The nulls before and after a cell are work, too.
    [[...Array.from({ length: megabytes(1) }, () => ({})), { x: 1 }], 1025],
  ] as [object, number][]) {
    expect(await looks(source)).toBeGreaterThan(least);
    const signal = counting(2);
    await expect(digest(source, signal)).rejects.toThrow("enough");
    expect(signal.looks).toBe(3);
  }
});

test("large texts and bytes, hashed in pieces, have the digest of their parts in FORMAT.md", async () => {
  const { createSha256 } = await loadSha256();
  const expected = (tag: number, bytes: Uint8Array): string => {
    const head = new Uint8Array(9);
    head[0] = tag;
    new DataView(head.buffer).setUint32(1, bytes.length, true);
    const column = createSha256();
    column.update(head);
    column.update(bytes);
    const table = createSha256();
    for (const part of [
      "runledger table 1\n",
      "\x01" + "\0".repeat(7),
      "\x01" + "\0".repeat(7),
      "\x01" + "\0".repeat(7),
    ])
      table.update(new TextEncoder().encode(part));
    table.update(new TextEncoder().encode(`x${column.digestHex()}`));
    return `table-sha256:${table.digestHex()}`;
  };
  const bytes = new Uint8Array(200_001).map((_, i) => i * 7);
  expect(await digest([{ x: bytes }])).toBe(expected(6, bytes));
  // A pair of surrogates stands at each boundary in one of them.
  for (const text of [`${"😀".repeat(100_000)}`, `a${"😀".repeat(100_000)}`, "é".repeat(65_536)])
    expect(await digest([{ x: text }])).toBe(expected(5, new TextEncoder().encode(text)));
});

test("lists and objects in cells are not taken for dates or bytes first, for which a test throws", async () => {
  const time = vi.spyOn(Date.prototype, "getTime");
  const slice = vi.spyOn(ArrayBuffer.prototype, "slice");
  try {
    await digest([{ x: [1, [2], { a: { b: [] } }] }, { x: { a: 1 } }, { x: new Float32Array(2) }]);
    expect(time).not.toHaveBeenCalled();
    expect(slice).not.toHaveBeenCalled();
  } finally {
    vi.restoreAllMocks();
  }
});

test("a cell that holds more than memory does, by sharing its parts, is refused", async () => {
  let lists: unknown[] = [1];
  let objects: object = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`m${i}`, i]));
  let bytes: unknown[] = [new Uint8Array(64 * 1024 * 1024)];
  for (let i = 0; i < 60; i++) {
    lists = [lists, lists];
    objects = { a: objects, b: objects };
    bytes = [bytes, bytes];
  }
  const wide = Object.fromEntries(Array.from({ length: 65_537 }, (_, i) => [`${i}`, 1]));
  for (const cell of [lists, objects, bytes, new Array(4_000_000_000), [1, new Array(1_000_000)], wide])
    await expect(digest([{ y: 1 }, { x: cell }])).rejects.toMatchObject({ code: "TOO_LARGE", field: "source.x[1]" });
});

test("an integer of more than 1,000 digits is refused, wherever it is, before it is written as text", async () => {
  const most = 10n ** 1000n - 1n;
  const huge = 1n << 20_000_000n;
  for (const [source, field] of [
    [[{ x: 1 }, { x: most + 1n }], "source.x[1]"],
    [{ x: [most, -most - 1n] }, "source.x[1]"],
    [[{ x: [1, [huge]] }], "source.x[0]"],
    [[{ x: { a: { b: -huge } } }], "source.x[0]"],
    [{ columns: ["y"], rows: [[huge]] }, "source.y[0]"],
  ] as const)
    await expect(digest(source)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field, received: "bigint" });
  expect(await digest([{ x: most }, { x: -most }, { x: [most] }])).toMatch(/^table-sha256:/);
});

test("one text, bytes or typed array is a cell of any size", async () => {
  const numbers = new Float32Array(1_000_001);
  expect(await digest([{ x: numbers }])).toBe(
    await digest({ x: { shape: [1, numbers.length], dtype: "float32", data: async () => numbers } }),
  );
});

test("a tensor without values has a bounded number of rows and of lists in them", async () => {
  expect(await digest(emptyTensor(3, 0))).toBe(await digest({ data: [[], [], []] }));
  expect(await digest(emptyTensor(1, 2, 0, 5))).toBe(await digest({ data: [[[], []]] }));
  expect(await digest(emptyTensor(0, 9e15))).toBe(await digest([]));
  for (const shape of [
    [9e15, 0],
    [1, 9e15, 0],
    [1, 2e7, 0],
    [9e15, 9e15, 0],
    [4000, 4000, 0, 1],
  ])
    await expect(digest({ x: emptyTensor(...shape) }), `${shape}`).rejects.toMatchObject({
      code: "TOO_LARGE",
      field: "source.x",
    });
});

test.each<[string, object, RegExp]>([
  ["too many dimensions", { shape: Array.from({ length: 65 }, () => 1) }, /65 dimensions, more than 64/],
  ["a huge shape", { shape: new Array(4_000_000_000) }, /4000000000 dimensions/],
  ["data that rejects", { data: () => Promise.reject(new Error("it is disposed")) }, /cannot be read: it is disposed/],
  ["data that is missing", { data: async () => undefined }, /data\(\) gives undefined/],
  ["texts as float32", { data: async () => ["a", "b"] }, /float32, but its data\(\) gives array/],
  ["only a length", { data: async () => ({ length: 2 }) }, /gives object/],
  ["bigints", { data: async () => new BigInt64Array(2) }, /gives BigInt64Array/],
  ["a DataView", { data: async () => new DataView(new ArrayBuffer(2)) }, /gives DataView/],
  ["numbers as texts", { dtype: "string", data: async () => ["a", 1] }, /gives something else than texts/],
  ["bytes as texts", { dtype: "string", data: async () => new Uint8Array(2) }, /gives Uint8Array/],
])("a tensor with %s is refused, saying why", async (_name, members, why) => {
  const tensor = { shape: [2], dtype: "float32", data: async () => new Float32Array(2), ...members };
  await expect(digest({ x: tensor })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "source.x",
    message: expect.stringMatching(why) as string,
  });
});

test("tensors of up to 64 dimensions are tables", async () => {
  const shape = [2, ...Array.from({ length: 63 }, () => 1)];
  let row: unknown = 5;
  for (let i = 0; i < 63; i++) row = [row];
  const values = { float32: new Float32Array([5, 5]), int32: new Int32Array([5, 5]) };
  for (const [dtype, data] of Object.entries(values))
    expect(await digest({ x: { shape, dtype, data: async () => data } })).toBe(await digest({ x: [row, row] }));
});
