import fc from "fast-check";
import { type FileMetaData, parquetMetadata } from "hyparquet";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { describe, expect, test } from "vitest";
import { readTableFile } from "../../src/media/table-read.ts";
import { encodeTable, type TableColumn } from "../../src/parquet/table-write.ts";
import { decodeTable, decodeTableInPieces, type ExpectedSize, type ReadColumn } from "../../src/parquet/table-read.ts";

const ROOM = 1 << 20;

test("tables of encodeTable are read to the bit", () => {
  const rows = fc.array(
    fc.record({
      d: fc.double(),
      l: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      b: fc.boolean(),
      s: fc.string({ unit: "binary" }),
      none: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(rows, fc.boolean(), (list, withNulls) => {
      const nulls = withNulls ? { nulls: list.map(({ none }) => none) } : {};
      const columns: TableColumn[] = [
        { name: "d", type: "double", values: Float64Array.from(list, ({ d }) => d), ...nulls },
        { name: "l", type: "int64", values: BigInt64Array.from(list, ({ l }) => l), ...nulls },
        { name: "__proto__", type: "boolean", values: list.map(({ b }) => b), ...nulls },
        { name: "\ufeff", type: "string", values: list.map(({ s }) => s), ...nulls },
      ];
      const read = decodeTable(encodeTable(columns), { rows: list.length, columns: 4, bytes: ROOM });
      expect(read).toEqual(
        columns.map(({ name, values }) => ({
          name,
          cells: Array.from(values as ArrayLike<unknown>, (value, i) => (withNulls && list[i]!.none ? null : value)),
        })),
      );
    }),
    { numRuns: 200 },
  );
});

test("the greatest number of columns, and several row groups", () => {
  const text = { type: "string", values: ["a".repeat(300), "b", "c"], nulls: [false, true, false] } as const;
  const wide = encodeTable(Array.from({ length: 4096 }, (_, i): TableColumn => ({ name: `column ${i}`, ...text })));
  const columns = decodeTable(wide, { rows: 3, columns: 4096, bytes: 4096 * 400 });
  expect(columns.every(({ cells }) => cells.length === 3 && cells[1] === null && cells[2] === "c")).toBe(true);

  const rows = 150_000;
  const values = Float64Array.from({ length: rows }, (_, i) => i);
  const nulls = Array.from(values, (_, i) => i % 3 === 0);
  const long = encodeTable([{ name: "n", type: "double", values, nulls }]);
  const [column] = decodeTable(long, { rows, columns: 1, bytes: rows * 9 });
  expect(column!.cells.length).toBe(rows);
  expect(column!.cells.every((cell, i) => cell === (nulls[i] ? null : i))).toBe(true);
});

test("a large table is read in pieces, and not to its end once the signal is aborted", async () => {
  const rows = 400_000;
  const values = new Float64Array(rows);
  const nulls = Array.from(values, (_, i) => i === 7);
  for (const column of [{ values }, { values, nulls }]) {
    const bytes = encodeTable([{ name: "n", type: "double", ...column }]);
    const work = decodeTableInPieces(bytes, { rows, columns: 1, bytes: rows * 9 });
    let pieces = 1;
    while (work.next().done !== true) pieces++;
    expect(pieces).toBeGreaterThan(rows / 65_536);
    const aborted = AbortSignal.abort(new Error("enough"));
    await expect(readTableFile(bytes, aborted)).rejects.toThrow("enough");
    expect((await readTableFile(bytes, undefined)).rows).toBe(rows);
  }
});

const table = (): Uint8Array<ArrayBuffer> =>
  encodeTable([
    { name: "n", type: "double", values: Float64Array.of(1, 2, 3), nulls: [false, true, false] },
    { name: "s", type: "string", values: ["x", "yy", "zzz"] },
    { name: "b", type: "boolean", values: [true, false, true] },
  ]).slice();
const size: ExpectedSize = { rows: 3, columns: 3, bytes: 1000 };

test("a byte that differs, or is missing, is noticed or changes nothing", () => {
  const file = table();
  const right = decodeTable(file, size);
  const read = (bytes: Uint8Array): ReadColumn[] | undefined => {
    try {
      return decodeTable(bytes, size);
    } catch {
      return undefined;
    }
  };
  let noticed = 0;
  for (let at = 0; at < file.length; at++) {
    expect(read(file.subarray(0, at))).toBeUndefined();
    for (const change of [1, 8, 0x80, 0xff]) {
      const changed = file.slice();
      changed[at]! ^= change;
      const found = read(changed);
      if (found === undefined) noticed++;
      else expect(found, `byte ${at}`).toEqual(right);
    }
  }
  expect(noticed).toBeGreaterThan(file.length * 3.5);
});

/** The table with a changed footer, and no checksum. */
function withFooter(change: (metadata: FileMetaData) => unknown): Uint8Array {
  const file = table();
  const metadata = parquetMetadata(file);
  delete metadata.key_value_metadata;
  for (const { meta_data } of metadata.row_groups[0]!.columns) delete meta_data!.statistics;
  change(metadata);
  const writer = new ByteWriter();
  writer.appendBytes(file.subarray(0, file.length - 8 - metadata.metadata_length));
  writeMetadata(writer, metadata, Number.POSITIVE_INFINITY);
  writer.appendUint32(0x31524150);
  return writer.getBytes();
}

describe("footers that are refused", () => {
  const group = (m: FileMetaData): FileMetaData["row_groups"][number] => m.row_groups[0]!;
  const chunk = (m: FileMetaData, i: number): NonNullable<(typeof m.row_groups)[0]["columns"][0]["meta_data"]> =>
    group(m).columns[i]!.meta_data!;

  test("the valid one is accepted", () => {
    expect(
      decodeTable(
        withFooter(() => {}),
        size,
      ),
    ).toEqual(decodeTable(table(), size));
  });

  test.each<[string, RegExp, (m: FileMetaData) => unknown]>([
    ["a wrong checksum", /checksum/, (m) => (m.key_value_metadata = [{ key: "runledger.crc32", value: "00000000" }])],
    ["a column less", /2 columns instead of 3/, (m) => (m.schema.pop(), m.schema[0]!.num_children!--)],
    ["columns in columns", /not flat/, (m) => [(m.schema[0]!.num_children = 2), (m.schema[1]!.num_children = 1)]],
    ["a column of no columns", /not flat/, (m) => (m.schema[1]!.num_children = 0)],
    ["lists", /not flat/, (m) => (m.schema[1]!.repetition_type = "REPEATED")],
    ["two columns of one name", /two columns have one name/, (m) => (m.schema[1]!.name = "s")],
    ["a type that no table has", /type 1 is not supported/, (m) => (m.schema[1]!.type = chunk(m, 0).type = "INT32")],
    ["a chunk of another type", /column n differs/, (m) => (chunk(m, 0).type = "INT64")],
    ["a chunk of another column", /column n differs/, (m) => (chunk(m, 0).path_in_schema = ["s"])],
    ["a chunk of a column in another", /column n differs/, (m) => chunk(m, 0).path_in_schema.push("n")],
    ["a chunk less", /does not have all columns/, (m) => group(m).columns.pop()],
    ["a chunk in another file", /another file/, (m) => (group(m).columns[0]!.file_path = "x")],
    ["a codec we have not", /codec 6/, (m) => (chunk(m, 0).codec = "ZSTD")],
    ["a dictionary", /dictionary/, (m) => (chunk(m, 1).dictionary_page_offset = chunk(m, 1).data_page_offset - 1n)],
    ["a chunk behind the pages", /not inside/, (m) => (chunk(m, 2).total_compressed_size += 1n)],
    ["a chunk of nothing", /not inside/, (m) => (chunk(m, 2).total_compressed_size = 0n)],
    ["a chunk before the pages", /not inside/, (m) => (chunk(m, 0).data_page_offset = 3n)],
    [
      "a chunk of two columns",
      /malformed/,
      (m) => (chunk(m, 0).total_compressed_size += chunk(m, 1).total_compressed_size),
    ],
    ["more values than rows", /wrong number of values/, (m) => (chunk(m, 0).num_values = 4n)],
    ["a group more", /does not have 3 rows/, (m) => m.row_groups.push(group(m))],
    ["no group", /does not have 3 rows/, (m) => m.row_groups.pop()],
    ["a group without rows", /does not have 3 rows/, (m) => m.row_groups.push({ ...group(m), num_rows: 0n })],
    [
      "groups of which one takes back rows",
      /does not have 3 rows/,
      (m) => m.row_groups.push({ ...group(m), num_rows: 5n }, { ...group(m), num_rows: -5n }),
    ],
    ["rows beyond 2^53", /malformed/, (m) => (group(m).num_rows = 2n ** 60n)],
  ])("%s", (_, message, change) => {
    const file = withFooter(change);
    expect(() => decodeTable(file, size)).toThrow(message);
  });

  test("a name as long as the footer is cut in the message", () => {
    const name = "n".repeat(1_000_000);
    const file = withFooter((m) => (m.schema[1]!.name = name));
    expect(() => decodeTable(file, size)).toThrow(/^column n{250} differs/);
  });
});

describe("pages that are refused", () => {
  /** A file of one column, uncompressed, whose one page is version 1 and says that it holds three values. */
  function fileOf(column: Partial<FileMetaData["schema"][0]>, page: readonly number[], again = 0): Uint8Array {
    const element = { name: "a", type: "DOUBLE", repetition_type: "REQUIRED", ...column } as const;
    const writer = new ByteWriter();
    writer.appendUint32(0x31524150);
    writePageHeader(writer, {
      type: "DATA_PAGE",
      uncompressed_page_size: page.length,
      compressed_page_size: page.length,
      data_page_header: {
        num_values: 3,
        encoding: "PLAIN",
        definition_level_encoding: "RLE",
        repetition_level_encoding: "RLE",
      },
    });
    writer.appendBytes(Uint8Array.from(page));
    const length = BigInt(writer.offset - 4);
    const names = ["a", ...Array.from({ length: again }, (_, i) => `a${i}`)];
    const columns = names.map((name) => ({
      file_offset: 0n,
      meta_data: {
        type: element.type!,
        encodings: ["PLAIN" as const],
        path_in_schema: [name],
        codec: "UNCOMPRESSED" as const,
        num_values: 3n,
        total_uncompressed_size: length,
        total_compressed_size: length,
        data_page_offset: 4n,
      },
    }));
    writeMetadata(writer, {
      version: 2,
      schema: [{ name: "root", num_children: names.length }, ...names.map((name) => ({ ...element, name }))],
      num_rows: 3n,
      row_groups: [{ columns, total_byte_size: length, num_rows: 3n }],
      metadata_length: 0,
    });
    writer.appendUint32(0x31524150);
    return writer.getBytes();
  }
  const optional = { type: "BOOLEAN", repetition_type: "OPTIONAL" } as const;
  const one: ExpectedSize = { rows: 3, columns: 1, bytes: 1000 };

  test("the valid ones are accepted", () => {
    const [packed, runs] = [
      [2, 0, 0, 0, 3, 0b101, 0b10],
      [6, 0, 0, 0, 2, 1, 2, 0, 2, 1, 0b10],
    ].map((page) => decodeTable(fileOf(optional, page), one)[0]!.cells);
    expect(packed).toEqual([false, null, true]);
    expect(runs).toEqual([false, null, true]);
    expect(decodeTable(fileOf({}, Array<number>(24).fill(0)), one)[0]!.cells).toEqual([0, 0, 0]);
  });

  test.each<[string, Partial<FileMetaData["schema"][0]>, number[]]>([
    ["a level that is no bit", optional, [2, 0, 0, 0, 6, 2, 0b10]],
    ["more levels than values", optional, [2, 0, 0, 0, 8, 1, 0b10]],
    ["fewer levels than values", optional, [2, 0, 0, 0, 4, 1, 0b10]],
    ["levels behind the levels", optional, [3, 0, 0, 0, 6, 1, 0, 0b10]],
    ["levels beyond the page", optional, [200, 0, 0, 0, 6, 1, 0b10]],
    ["no levels", optional, [0, 0, 0, 0, 0b10]],
    ["half a length of levels", optional, [0, 0]],
    ["no values for the levels", optional, [2, 0, 0, 0, 6, 1]],
    ["values without a level", optional, [2, 0, 0, 0, 6, 0, 1]],
    ["doubles that are cut off", {}, Array<number>(23).fill(0)],
    ["a double more", {}, Array<number>(32).fill(0)],
    ["integers that are cut off", { type: "INT64" }, Array<number>(16).fill(0)],
    ["booleans that are cut off", { type: "BOOLEAN" }, []],
    ["bytes behind the booleans", { type: "BOOLEAN" }, [1, 1]],
    ["a text beyond the page", { type: "BYTE_ARRAY" }, [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]],
    ["texts that are cut off", { type: "BYTE_ARRAY" }, [0, 0, 0, 0, 0, 0, 0, 0]],
    ["bytes behind the texts", { type: "BYTE_ARRAY" }, Array<number>(13).fill(0)],
    ["a text that is not UTF-8", { type: "BYTE_ARRAY" }, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 255]],
  ])("%s", (_, column, page) => {
    const file = fileOf(column, page);
    expect(() => decodeTable(file, one)).toThrow(RangeError);
  });

  test("a page that many columns share counts once for each, compressed or not", () => {
    const file = fileOf({}, Array<number>(24).fill(0), 99);
    expect(decodeTable(file, { rows: 3, columns: 100, bytes: 2400 })).toHaveLength(100);
    expect(() => decodeTable(file, { rows: 3, columns: 100, bytes: 2399 })).toThrow(/inflates to too many/);
  });
});
