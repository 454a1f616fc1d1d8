import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { tableContent, type TableValue } from "../../src/media/table.ts";
import { readTable } from "../../src/media/table-read.ts";
import type * as TableWrite from "../../src/parquet/table-write.ts";
import { type EncodeTable, encodeWith } from "./table-stand-in.ts";

const { encodeTable } = await vi.importActual<typeof TableWrite>("../../src/parquet/table-write.ts");

let encode: EncodeTable;
vi.mock("../../src/parquet/table-write.ts", async (original) => ({
  ...(await original<typeof TableWrite>()),
  // oxlint-disable-next-line require-yield -- the stand-in has no pieces
  *encodeTableInPieces(columns: Parameters<EncodeTable>[0]): Generator<undefined, Uint8Array> {
    return encode(columns);
  },
}));
beforeEach(() => {
  encode = encodeTable;
});

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

async function file(source: unknown): Promise<{ bytes: Uint8Array; rows: number; columns: number; dates: number[] }> {
  const content = tableContent(source);
  const { rows = 0, columns = 0, dates = [] } = content.details;
  return { bytes: await content.encode(), rows, columns, dates: [...dates] };
}

async function roundTrip(source: unknown): Promise<ReturnType<typeof readTable>> {
  const { bytes, ...expected } = await file(source);
  return readTable(bytes, expected);
}

const kinds: readonly fc.Arbitrary<TableValue>[] = [
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.string({ unit: "binary" }),
  fc.date({ noInvalidDate: true }),
];
const name = fc.oneof(
  fc.constantFrom("__proto__", "0", "columns", "ä€𝄞", "\ufeffa"),
  fc.string({ minLength: 1, maxLength: 8 }),
);

test("the columns of objects are in the order in which their names first appear; a missing cell is null", async () => {
  const read = await roundTrip([{ b: 1 }, { a: "x", b: undefined }, {}, { c: true, a: null }]);
  expect(read.names).toEqual(["b", "a", "c"]);
  expect({ ...read.columns }).toEqual({
    b: [1, null, null, null],
    a: [null, "x", null, null],
    c: [null, null, null, true],
  });
  expect(await roundTrip(JSON.parse('[{"__proto__":1}]'))).toMatchObject({ names: ["__proto__"], rows: 1 });
});

test("text that is not well-formed is kept with U+FFFD, in cells and in names of columns", async () => {
  const half = "a\ud83d";
  for (const source of [{ [half]: [half] }, { columns: [half], rows: [[half]] }, [{ [half]: half }]]) {
    const read = await roundTrip(source);
    expect([read.names, read.columns["a\ufffd"]]).toEqual([["a\ufffd"], ["a\ufffd"]]);
  }
  for (const source of [{ [half]: [1], "a\ud83e": [1] }, [{ [half]: 1, "a\ud83e": 1 }]])
    expect(() => tableContent(source)).toThrow(code("INVALID_ARGUMENT"));
});

test("tables of every type, with nulls, come back exactly, by columns and by rows", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
      fc.nat({ max: 40 }),
      fc.constantFrom(3, 1000),
      fc.constantFrom(20, 1 << 20),
      fc.infiniteStream(fc.nat({ max: kinds.length - 1 })),
      fc.gen(),
      async (names, rows, groupRows, pageSize, kind, gen) => {
        encode = encodeWith(groupRows, pageSize);
        const cells = names.map(() => {
          const values = kinds[kind.next().value as number] as fc.Arbitrary<TableValue>;
          const withNulls = gen(fc.boolean);
          return Array.from({ length: rows }, () => gen(() => (withNulls ? fc.option(values) : values)));
        });
        const byColumn = Object.create(null) as Record<string, TableValue[]>;
        names.forEach((column, i) => (byColumn[column] = cells[i] as TableValue[]));
        const byRow = {
          columns: names,
          rows: Array.from({ length: rows }, (_, r) => cells.map((column) => column[r])),
        };
        const objects = byRow.rows.map((row) => {
          const object = Object.create(null) as Record<string, TableValue | undefined>;
          names.forEach((column, i) => {
            const cell = row[i] as TableValue;
            // What is missing is null too, but for the first row, which names all columns.
            const missing = cell === null && row !== byRow.rows[0] ? gen(fc.nat, { max: 2 }) : 2;
            if (missing > 0) object[column] = missing === 1 ? undefined : cell;
          });
          return object;
        });
        for (const source of [byColumn, byRow, ...(rows > 0 ? [objects] : [])]) {
          const read = await roundTrip(source);
          expect(read.rows).toBe(rows);
          expect(read.names).toEqual(source === byRow ? names : Object.keys(byColumn));
          expect(Object.getPrototypeOf(read.columns)).toBe(Object.prototype);
          names.forEach((column, i) => expect(read.columns[column]).toEqual(cells[i]));
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("typed arrays are accepted", async () => {
  const { columns } = await roundTrip({
    f64: new Float64Array([Number.NaN, -0]),
    f32: new Float32Array([0.5, Infinity]),
    u8: new Uint8Array([0, 255]),
    i64: new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]),
    u64: new BigUint64Array([0n, 7n]),
  });
  expect(columns).toEqual(
    Object.assign(Object.create(null), {
      f64: [Number.NaN, -0],
      f32: [0.5, Infinity],
      u8: [0, 255],
      i64: [-(2n ** 63n), 2n ** 63n - 1n],
      u64: [0n, 7n],
    }),
  );
});

test("a table is copied at the call, including columns of nulls and tables without rows", async () => {
  const source = { a: [1, 2], b: ["x", null], c: [null, null] };
  const content = tableContent(source);
  source.a[0] = 9;
  source.b.pop();
  const { columns } = readTable(await content.encode(), { rows: 2, columns: 3, dates: [] });
  expect({ ...columns }).toEqual({ a: [1, 2], b: ["x", null], c: [null, null] });
  expect(await roundTrip({ columns: ["a", "b"], rows: [] })).toMatchObject({ names: ["a", "b"], rows: 0 });
});

describe("anything but a table is refused, and the error names column and row", () => {
  class Tensor {
    dataSync(): number[] {
      return [];
    }
  }
  test.each([
    [new Tensor(), "table", "Tensor"],
    [new Map([["a", [1]]]), "table", "Map"],
    [new Float64Array(2), "table", "Float64Array"],
    [[], "table", "array"],
    [[[1]], "table[0]", "array"],
    [[{ a: 1 }, 5], "table[1]", "number"],
    [[{ a: 1 }, { a: "x" }], "table.a[1]", "string"],
    [[{ "": 1 }], "table[0]", "string"],
    [5, "table", "number"],
    [{}, "table", "object"],
    [{ a: "text" }, "table.a", "string"],
    [{ a: new Tensor() }, "table.a", "Tensor"],
    [{ a: [1], b: [1, 2] }, "table.b", "array"],
    [{ a: [1, null, "x"] }, "table.a[2]", "string"],
    [{ a: [1, 2n] }, "table.a[1]", "bigint"],
    [{ a: [new Date(0), 5] }, "table.a[1]", "number"],
    [{ a: [1, undefined] }, "table.a[1]", "undefined"],
    [{ a: [{ b: 1 }] }, "table.a[0]", "object"],
    [{ a: [new Date(Number.NaN)] }, "table.a[0]", "Date"],
    [{ a: [2n ** 63n] }, "table.a[0]", "bigint"],
    [{ "": [1] }, "table", "string"],
    [{ ["x".repeat(251)]: [1] }, "table", "string"],
    [{ columns: ["a", "a"], rows: [[1, 2]] }, "table.columns[1]", "string"],
    [{ columns: ["a", 5], rows: [[1, 2]] }, "table.columns[1]", "number"],
    [{ columns: ["a"], rows: [[1], [1, 2]] }, "table.rows[1]", "array"],
    [{ columns: ["a"], rows: [[1], 2] }, "table.rows[1]", "number"],
    [{ columns: [], rows: [] }, "table", "object"],
  ])("%#", (source, field, received) => {
    expect(() => tableContent(source)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field, received }));
  });

  test("beyond the limits it is TOO_LARGE, before it is copied", () => {
    const column = new Float64Array(5_000_001);
    expect(() => tableContent({ a: column, b: column })).toThrow(code("TOO_LARGE"));
    expect(() => tableContent(Object.fromEntries(Array.from({ length: 4097 }, (_, i) => [`c${i}`, []])))).toThrow(
      code("TOO_LARGE"),
    );
    expect(() => tableContent({ a: ["x".repeat(2 ** 26 + 1)] })).toThrow(code("TOO_LARGE"));
  });
});

describe("a stored table of any bytes is read or is CORRUPT", () => {
  const source = { n: [1, null, 3], s: ["a", "bb", null], b: [true, false, true], t: [new Date(5), null, new Date(7)] };

  test("cut off at any length", async () => {
    const { bytes, ...expected } = await file(source);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => readTable(bytes.subarray(0, end), expected)).toThrow(code("CORRUPT"));
    }
  });

  test("with any byte changed", async () => {
    const { bytes, ...expected } = await file(source);
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[at]! ^= change;
        try {
          // Digests tell of changes; this has to end, and in bounds.
          expect(readTable(changed, expected).rows).toBe(3);
        } catch (error) {
          expect(error).toEqual(code("CORRUPT"));
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(bytes.length / 2);
  });

  test("with another size than is recorded", async () => {
    const { bytes, rows, columns, dates } = await file(source);
    expect(() => readTable(bytes, { rows: rows + 1, columns, dates })).toThrow(code("CORRUPT"));
    expect(() => readTable(bytes, { rows, columns: columns + 1, dates })).toThrow(code("CORRUPT"));
    expect(() => readTable(bytes, { rows, columns, dates: [0] })).toThrow(code("CORRUPT"));
    expect(() => readTable(bytes, { rows: 2 ** 40, columns, dates })).toThrow(code("CORRUPT"));
  });

  test("with pages that inflate to more than a table may take, or than they say", () => {
    const zeros = { name: "s", type: "string", values: new Array<string>(10).fill("\0".repeat(10_000)) } as const;
    const expected = { rows: 10, columns: 1, dates: [] };
    const plain = encodeWith(3, 1)([zeros]);
    expect(readTable(plain, expected, 101_000).rows).toBe(10);
    expect(() => readTable(plain, expected, 99_000)).toThrow(/inflates to too many bytes/);
    const bomb = encodeWith(10, 1 << 20, (bytes) => gzipSync(new Uint8Array(bytes.length * 100)))([zeros]);
    expect(() => readTable(bomb, expected)).toThrow(code("CORRUPT"));
    const claim = encodeWith(10, 1 << 20, () => gzipSync(new Uint8Array(0)))([zeros]);
    expect(() => readTable(claim, expected)).toThrow(/cannot inflate to its size/);
  });

  test("with a footer that asks for endless lists", () => {
    const lists = new Uint8Array(1000).fill(0xf9);
    const footer = new Uint8Array([0x19, ...lists]);
    const bytes = new Uint8Array(4 + footer.length + 8);
    bytes.set(new TextEncoder().encode("PAR1"), 0);
    bytes.set(footer, 4);
    new DataView(bytes.buffer).setUint32(4 + footer.length, footer.length, true);
    bytes.set(new TextEncoder().encode("PAR1"), bytes.length - 4);
    expect(() => readTable(bytes, { rows: 1, columns: 1, dates: [] })).toThrow(code("CORRUPT"));
  });
});
