import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { loadSha256 } from "../../../src/bytes/sha256.ts";
import { hashTable } from "../../../src/provenance/datasets/hash-table.ts";
import { TableDigest, type TableFacts } from "../../../src/provenance/datasets/table-digest.ts";

async function facts(source: object): Promise<TableFacts> {
  const table = new TableDigest(await loadSha256(), undefined);
  await hashTable(table, source);
  return await table.facts(undefined);
}
const digest = async (source: object): Promise<string> => (await facts(source)).digest;
const distinct = async (...sources: object[]): Promise<number> =>
  new Set(await Promise.all(sources.map((source) => digest(source)))).size;

const cell = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.string({ unit: "binary" }),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 4 }),
  fc.array(fc.double(), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3 }),
);
const name = fc.constantFrom("a", "b", "é", "__proto__", "𝒳", "\uffee");

test("the digest of a table depends on neither its layout, nor the order of columns, nor how nulls are written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.dictionary(name, cell, { maxKeys: 4 }), { maxLength: 5 }), async (rows) => {
      const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const at = (row: object, key: string): unknown => (Object.hasOwn(row, key) ? Reflect.get(row, key) : undefined);
      const columns = Object.fromEntries(names.map((key) => [key, rows.map((row) => at(row, key))]));
      const expected = await digest(rows);
      if (names.length > 0) {
        expect(await digest(columns)).toBe(expected);
        expect(await digest(Object.fromEntries(Object.entries(columns).toReversed()))).toBe(expected);
        expect(await digest({ columns: names, rows: rows.map((row) => names.map((key) => at(row, key))) })).toBe(
          expected,
        );
      }
      const reversed = rows.map((row) => Object.fromEntries(Object.entries(row).toReversed()));
      expect(await digest(reversed)).toBe(expected);
      const nulls = rows.map((row) => Object.fromEntries(names.map((key) => [key, at(row, key) ?? null])));
      expect(await digest(nulls)).toBe(expected);
    }),
    { numRuns: 60 },
  );
});

test("numbers have one digest however they are stored", async () => {
  const values = [0, 1, 255];
  const expected = await digest(values.map((x) => ({ x })));
  for (const column of [
    new Float32Array(values),
    new Float64Array(values),
    new Uint8Array(values),
    new Uint8ClampedArray(values),
    new Int32Array(values),
    new BigInt64Array([0n, 1n, 255n]),
    new BigUint64Array([0n, 1n, 255n]),
    [0n, 1, 255n],
  ])
    expect(await digest({ x: column }), column.constructor.name).toBe(expected);
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  expect(await digest({ x: [safe, -safe] })).toBe(await digest({ x: [Number(safe), -Number(safe)] }));
  expect(await digest({ x: [1.5] })).toBe(await digest({ x: new Float32Array([1.5]) }));
  expect(await digest({ x: [0.1] })).not.toBe(await digest({ x: new Float32Array([0.1]) }));
});

test("the digest differs for one changed bit, another order of rows, another name and another type", async () => {
  const ulp = 1 + Number.EPSILON;
  const variants = [
    { x: [1, 0], y: [2, 3] },
    { x: [1, -0], y: [2, 3] },
    { x: [ulp, 0], y: [2, 3] },
    { x: [Number.NaN, 0], y: [2, 3] },
    { x: [null, 0], y: [2, 3] },
    { x: [0, 1], y: [3, 2] },
    { x: [1, 0], z: [2, 3] },
    { x: [2, 3], y: [1, 0] },
    { x: [true, 0], y: [2, 3] },
    { x: ["1", 0], y: [2, 3] },
    { x: [new Date(1), 0], y: [2, 3] },
    { x: [[1], 0], y: [2, 3] },
    { x: [{ 0: 1 }, 0], y: [2, 3] },
    { x: [Uint8Array.of(1), 0], y: [2, 3] },
    { x: [2n ** 64n, 0], y: [2, 3] },
    { x: [1, 0, null], y: [2, 3, null] },
    { x: [1, 0] },
  ];
  expect(await distinct(...variants)).toBe(variants.length);
  // Where one cell ends and the next begins cannot be confused.
  expect(await distinct({ x: ["ab", "c"] }, { x: ["a", "bc"] }, { x: ["abc", ""] })).toBe(3);
  expect(await distinct({ x: [[1], [2]] }, { x: [[1, 2], []] }, { x: [[[1]], [2]] })).toBe(3);
  expect(await distinct({ ab: [1], c: [2] }, { a: [1], bc: [2] })).toBe(2);
  // Halves of surrogate pairs are not one character.
  const texts = ["\ud800", "\ud801", "\ufffd", "\udc00\ud800", "\ud800\udc00", "é\ud800", "\ud800é"];
  expect(await distinct(...texts.map((x) => [{ x }]))).toBe(texts.length);
  expect(await distinct(...texts.map((x) => [{ x: { [x]: 1 } }]))).toBe(texts.length);
  expect(await distinct(...texts.map((x) => [{ x: x.repeat(50_000) }]))).toBe(texts.length);
  // A bit of a NaN cannot be seen in JavaScript.
  const odd = new Float64Array(1);
  new DataView(odd.buffer).setBigUint64(0, 0x7ff8000000000001n, true);
  expect(await digest({ x: odd })).toBe(await digest({ x: [Number.NaN] }));
});

test("one changed bit of a large column changes the digest", async () => {
  const column = new Float64Array(50_000).map((_, i) => Math.sin(i));
  const expected = await digest({ x: column });
  const bits = new Uint8Array(column.buffer);
  for (const at of [0, 123_457, bits.length - 1]) {
    bits[at] = bits[at]! ^ 1;
    expect(await digest({ x: column })).not.toBe(expected);
    bits[at] = bits[at]! ^ 1;
  }
  expect(await digest({ x: column })).toBe(expected);
});

test("a table is equal to what a reader of Parquet gives back", async () => {
  const columns = {
    x: [1.5, Number.NaN, null, -0],
    n: [1n, 2n, null, 2n ** 62n],
    text: ["a", "ü", "", null],
    yes: [true, null, false, true],
    when: [new Date(0), new Date(1.7e12), null, new Date(-1)],
  };
  const file = parquetWriteBuffer({
    columnData: [
      { name: "x", data: columns.x, type: "DOUBLE" },
      { name: "n", data: columns.n, type: "INT64" },
      { name: "text", data: columns.text, type: "STRING" },
      { name: "yes", data: columns.yes, type: "BOOLEAN" },
      { name: "when", data: columns.when, type: "TIMESTAMP" },
    ],
  });
  const rows = await parquetReadObjects({ file });
  expect(rows).toHaveLength(4);
  expect(await digest(rows)).toBe(await digest(columns));
});

test("the profile has nulls, extremes, mean and the number of different values", async () => {
  const { schema, profile, rows } = await facts({
    x: [3, null, 1, Number.NaN, undefined],
    label: ["a", "b", "a", "a", null],
    empty: [null, null, null, null, null],
    big: [1n, 2n ** 64n, 1n, null, null],
    mixed: [1, "a", null, null, null],
    many: [{ a: 1 }, { b: 2 }, null, null, null],
    huge: [1e308, 1e308, 1e308, null, null],
    odd: [Infinity, 1, null, null, null],
    date: [new Date(20), new Date(NaN), new Date(-10), null, null],
    never: [new Date(NaN), null, null, null, null],
  });
  expect(rows).toBe(5);
  expect(schema).toEqual([
    { name: "x", type: "number" },
    { name: "label", type: "string" },
    { name: "empty", type: "null" },
    { name: "big", type: "bigint" },
    { name: "mixed", type: "mixed" },
    { name: "many", type: "object" },
    { name: "huge", type: "number" },
    { name: "odd", type: "number" },
    { name: "date", type: "date" },
    { name: "never", type: "date" },
  ]);
  expect(profile).toEqual({
    x: { nulls: 2, min: 1, max: 3, mean: 2, distinct: 3 },
    label: { nulls: 1, distinct: 2 },
    empty: { nulls: 5, distinct: 0 },
    big: { nulls: 2, min: 1, max: 2 ** 64, mean: (2 ** 64 + 2) / 3, distinct: 2 },
    mixed: { nulls: 3, min: 1, max: 1, mean: 1, distinct: 2 },
    many: { nulls: 3 },
    huge: { nulls: 2, min: 1e308, max: 1e308, distinct: 1 },
    odd: { nulls: 3, min: 1, max: Infinity, mean: Infinity, distinct: 2 },
    date: { nulls: 2, min: -10, max: 20, distinct: 3 },
    never: { nulls: 4, distinct: 1 },
  });
  const count = async (size: number): Promise<unknown> =>
    (await facts({ x: Array.from({ length: size }, (_, i) => `${i}`) })).profile?.["x"]?.distinct;
  expect([await count(1000), await count(1001)]).toEqual([1000, undefined]);
});

test("an empty table, a table without values, and columns of nulls", async () => {
  expect(await digest([])).toBe(await digest({ columns: [], rows: [] }));
  expect(await digest([])).toBe(await digest({ a: [] }));
  // Null, undefined and missing are the same, so a column of nulls is none.
  expect(await digest([{ a: 1, b: null }])).toBe(await digest([{ a: 1 }]));
  expect(await distinct([], [{}], [{}, {}])).toBe(3);
});

test.each([
  ["source.x[1]", { x: [1, new Map()] }],
  ["source.x[0]", { x: [() => 1] }],
  ["source.x[0]", { x: [Symbol("a")] }],
  ["source.x", { x: 5 }],
  ["source.x", { x: new DataView(new ArrayBuffer(8)) }],
  ["source.y", { x: [1], y: [1, 2] }],
  ["source[1]", [{ a: 1 }, [1]]],
  ["source[0]", [new Map()]],
  ["source.rows[1]", { columns: ["a"], rows: [[1], [1, 2]] }],
  ["source.rows[1]", { columns: ["a"], rows: [[1], { a: 1 }] }],
  ["source.columns[0]", { columns: [5], rows: [[1]] }],
  ["source", { columns: ["a", "a"], rows: [[1, 2]] }],
  ["source", { "": [1] }],
  ["source", { ["x".repeat(251)]: [1] }],
  ["source", { "\ud800": [1] }],
  ["source", [{ a: 1 }, { "a\udc00": 1 }]],
])("a bad table is refused, naming %s", async (field, source) => {
  await expect(facts(source)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field });
});

test("deep and circular cells are refused", async () => {
  const circular: unknown[] = [];
  circular.push(circular);
  await expect(facts({ x: [circular] })).rejects.toThrow(/deeper than 64 levels/);
});

test("too many columns are refused before their cells are read", async () => {
  const names = Array.from({ length: 10_001 }, (_, i) => `c${i}`);
  let reads = 0;
  const counted = (source: object): object =>
    new Proxy(source, { get: (...all) => (reads++, Reflect.get(...all) as unknown) });
  const columns = Object.fromEntries(names.map((each) => [each, [1]]));
  for (const source of [columns, [counted(columns)], { columns: names, rows: [counted(names)] }])
    await expect(facts(source)).rejects.toMatchObject({ code: "TOO_LARGE", field: "source" });
  expect(reads).toBe(0);
  // Each row brings a column, and the work to begin it late.
  const diagonal = names.map((each) => ({ [each]: 1 }));
  await expect(facts(diagonal)).rejects.toMatchObject({ code: "TOO_LARGE", field: "source" });
  expect((await facts(names.slice(0, 2000).map((each) => ({ [each]: 1 })))).columns).toBe(2000);
});

test("few large cells do not block the event loop", async () => {
  const values = new Float32Array(2_000_000).map((_, i) => i);
  const tensor = { shape: [20, 100_000], dtype: "float32", data: async () => values };
  const longestShare = async (): Promise<number> => {
    const began = performance.now();
    let [last, longest, isDone] = [began, 0, false];
    const tick = (): void => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      if (!isDone) setImmediate(tick);
    };
    setImmediate(tick);
    await digest({ a: tensor, b: tensor });
    isDone = true;
    return Math.max(longest, performance.now() - last) / (performance.now() - began);
  };
  // Each column takes half of the time. Other work of the machine may delay some attempts.
  const shares = [await longestShare(), await longestShare(), await longestShare(), await longestShare()];
  expect(Math.min(...shares)).toBeLessThan(0.4);
});

test("the worked example of FORMAT.md", async () => {
  expect(await digest({ b: ["x", null], a: [1, -0] })).toBe(
    "table-sha256:af1c090ff195b2cd9ce54fa66842ddd652d54e7473d4010e91c90f9fbfa7202b",
  );
});
