import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { parquetMetadata, parquetRead, parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import { encodeTable, type TableColumn } from "../../src/parquet/table-write.ts";
import { cases } from "../rounds.ts";

const compressors = { GZIP: (input: Uint8Array): Uint8Array => gunzipSync(input) };

async function read(table: Uint8Array): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: table.slice().buffer, compressors });
}

/** Row by row, as arrays: a column called `__proto__` has a place too. */
async function readArrays(table: Uint8Array): Promise<unknown[][]> {
  let rows: unknown[][] = [];
  await parquetRead({
    file: table.slice().buffer,
    compressors,
    rowFormat: "array",
    onComplete: (all) => {
      rows = all;
    },
  });
  return rows.map((row) => row.map((value) => value ?? null));
}

test("tables come back, with nulls and without", async () => {
  const rows = fc.array(
    fc.record({
      d: fc.double(),
      i: fc.maxSafeInteger(),
      l: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      b: fc.boolean(),
      s: fc.string({ unit: "grapheme" }),
      none: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(rows, fc.boolean(), async (rows, withNulls) => {
      const nulls = withNulls ? { nulls: rows.map(({ none }) => none) } : {};
      const columns: TableColumn[] = [
        { name: "d", type: "double", values: Float64Array.from(rows, ({ d }) => d), ...nulls },
        { name: "i", type: "int64", values: Float64Array.from(rows, ({ i }) => i), ...nulls },
        { name: "l", type: "int64", values: BigInt64Array.from(rows, ({ l }) => l), ...nulls },
        { name: "b", type: "boolean", values: rows.map(({ b }) => b), ...nulls },
        { name: "__proto__", type: "string", values: rows.map(({ s }) => s), ...nulls },
        { name: "all null", type: "string", values: rows.map(({ s }) => s), nulls: rows.map(() => true) },
      ];
      const table = encodeTable(columns);
      expect(encodeTable(columns)).toEqual(table);
      expect(await readArrays(table)).toEqual(
        rows.map(({ d, i, l, b, s, none }) => [
          ...(withNulls && none ? Array(5).fill(null) : [d, BigInt(i), l, b, s]),
          null,
        ]),
      );
    }),
    { numRuns: cases(100) },
  );
});

test("texts come back and long ones are not in the footer", async () => {
  const texts = ["", "a", "损失", "\u{1F600}", "x".repeat(100_000), "y".repeat(70_000)];
  const table = encodeTable([{ name: "text", type: "string", values: texts }]);
  expect((await read(table)).map(({ text }) => text)).toEqual(texts);
  const metadata = parquetMetadata(table.slice().buffer);
  expect(metadata.metadata_length).toBeLessThan(1_000);
  const { min_value, max_value } = metadata.row_groups[0]!.columns[0]!.meta_data!.statistics!;
  expect([min_value, max_value]).toEqual(["", "\u{1F600}"]);
});

test("row groups have at most 16,384 rows", async () => {
  const values = Float64Array.from({ length: 37_500 }, (_, i) => i);
  const nulls = Array.from(values, (_, i) => i % 3 === 0 || i > 35_000);
  const table = encodeTable([
    { name: "n", type: "int64", values },
    { name: "m", type: "double", values, nulls },
  ]);
  const { row_groups } = parquetMetadata(table.slice().buffer);
  expect(row_groups.map(({ num_rows }) => num_rows)).toEqual([16_384n, 16_384n, 4_732n]);
  expect(row_groups.map(({ columns }) => columns[1]!.meta_data!.statistics!.null_count)).toEqual(
    [0, 1, 2].map((i) => BigInt(nulls.slice(i * 16_384, (i + 1) * 16_384).filter(Boolean).length)),
  );
  const back = await read(table);
  expect(back.length).toBe(values.length);
  expect(back.every(({ n, m }, i) => n === BigInt(i) && (m ?? null) === (nulls[i] ? null : i))).toBe(true);
});

test("a table without rows has its columns", async () => {
  const table = encodeTable([{ name: "a", type: "boolean", values: [] }]);
  expect(await read(table)).toEqual([]);
  expect(parquetMetadata(table.slice().buffer).schema.map(({ name }) => name)).toEqual(["schema", "a"]);
});

test.each([
  ["columns", []],
  ["columns[].name", [{ name: "", type: "double", values: new Float64Array(0) }]],
  ["columns[a].type", [{ name: "a", type: "date", values: [] }]],
  ["columns[a].values", [{ name: "a", type: "double", values: [1] }]],
  ["columns[a].values", [{ name: "a", type: "int64", values: [1] }]],
  ["columns[a].values", [{ name: "a", type: "int64", values: Float64Array.of(0.5) }]],
  ["columns[a].values", [{ name: "a", type: "string", values: [5] }]],
  ["columns[a].values", [{ name: "a", type: "boolean", values: ["x"] }]],
  ["columns[a].values", [{ name: "a", type: "string", values: "text" }]],
  ["columns[a]", [{ name: "a", type: "string", values: ["x"], nulls: [] }]],
  [
    "columns[a]",
    [
      { name: "a", type: "string", values: [] },
      { name: "a", type: "string", values: [] },
    ],
  ],
  [
    "columns[b]",
    [
      { name: "a", type: "string", values: [] },
      { name: "b", type: "string", values: ["x"] },
    ],
  ],
])("a table is refused for its %s", (field, columns) => {
  expect(() => encodeTable(columns as never)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }));
});
