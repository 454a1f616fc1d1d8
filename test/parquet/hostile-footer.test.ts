import type { ColumnMetaData, FileMetaData } from "hyparquet";
import { describe, expect, test } from "vitest";
import { readSchema } from "../../src/parquet/metrics-schema.ts";
import { Fields, ThriftReader } from "../../src/parquet/thrift-read.ts";
import { openBytes, series } from "./fixtures.ts";
import { v1File } from "./v1-file.ts";

const groups = [[series("a", 20)], [series("b", 10), series("c", 10)]];

/** A file of the given footer and nothing else. */
function fileOf(footer: readonly number[]): Uint8Array {
  const file = new Uint8Array(footer.length + 12);
  file.set([80, 65, 82, 49, ...footer]);
  new DataView(file.buffer).setUint32(footer.length + 4, footer.length, true);
  file.set([80, 65, 82, 49], footer.length + 8);
  return file;
}

const repeat = (count: number, ...bytes: number[]): number[] => Array.from({ length: count }, () => bytes).flat();

describe("hostile footers", () => {
  test.each<[string, number[]]>([
    ["nothing", []],
    ["an empty struct", [0]],
    ["a list of two thousand million structs", [0x29, 0xfc, 255, 255, 255, 255, 7, 0]],
    ["a list of more than 2^32", [0x29, 0xfc, 255, 255, 255, 255, 255, 255, 7, 0]],
    ["lists in lists, each of millions", repeat(40, 0xf9, 255, 255, 255, 7)],
    ["lists in lists", [0x29, ...repeat(100_000, 0x19), 0]],
    ["structs in structs", [...repeat(100_000, 0x1c), 0]],
    ["a number without an end", [0x36, ...repeat(300_000, 255), 0]],
    ["an int32 without an end", [0x15, ...repeat(300_000, 255), 0]],
    ["a text longer than the file", [0x18, 255, 255, 255, 255, 7, 0]],
    ["a text of negative length", [0x18, 255, 255, 255, 255, 15, 0]],
    ["a field of unknown type", [0x1b, 0]],
    ["a field number without an end", [0x05, ...repeat(20, 255), 0]],
  ])("%s", async (_, footer) => {
    await expect(openBytes(fileOf(footer))).rejects.toMatchObject({ code: "CORRUPT", key: "metrics.parquet" });
  });

  test("a length beyond the file or the limit is refused before it is read", async () => {
    const file = fileOf([0]);
    for (const length of [2, 1000, 0x7fffffff, 0xffffffff]) {
      new DataView(file.buffer).setUint32(file.length - 8, length, true);
      await expect(openBytes(file)).rejects.toMatchObject({ code: "CORRUPT", message: /impossible length/ });
    }
  });

  test("booleans, bytes, doubles and every list are read as they are written", () => {
    const bytes = [0x11, 0x12, 0x13, 7, 0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0x19, 0x31, 1, 2, 1, 0x04, 60, 5, 0x1c, 0, 0];
    const reader = new ThriftReader(Uint8Array.from(bytes), 0, 100);
    const fields = reader.struct();
    expect(reader.at).toBe(bytes.length);
    expect([fields.has(1), fields.isFalse(1), fields.isFalse(2), fields.integer(3)]).toEqual([true, false, true, 7]);
    expect([...fields.bytes(4)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(fields.list(5)).toEqual([1, 2, 1]);
    expect([fields.integer(30), fields.struct(31).has(1)]).toEqual([-3, false]);
    for (const id of [0, 1, 6, -1, 32]) expect(() => fields.integer(id)).toThrow("malformed");
  });

  test("integers are exact or refused", () => {
    const integer = (...varint: number[]): number =>
      new ThriftReader(Uint8Array.from([0x16, ...varint, 0]), 0, 1).struct().integer(1);
    expect(integer(254, 255, 255, 255, 255, 255, 255, 15)).toBe(2 ** 52 - 1);
    expect(integer(255, 255, 255, 255, 255, 255, 255, 15)).toBe(-(2 ** 52));
    expect(() => integer(128, 128, 128, 128, 128, 128, 128, 16)).toThrow("malformed");
    expect(() => integer(255, 255, 255, 255, 255, 255, 255, 255, 255, 1)).toThrow("malformed");
  });

  test("the reader makes no more values than the budget allows", () => {
    const list = [0x19, 0xf1, 100, ...repeat(100, 1), 0];
    expect(new ThriftReader(Uint8Array.from(list), 0, 101).struct().list(1)).toHaveLength(100);
    expect(() => new ThriftReader(Uint8Array.from(list), 0, 100).struct()).toThrow("malformed");
  });
});

describe("footers that disagree with themselves", () => {
  const group = (metadata: FileMetaData, index: number): FileMetaData["row_groups"][number] =>
    metadata.row_groups[index]!;
  const column = (metadata: FileMetaData, index: number, name: string): ColumnMetaData =>
    group(metadata, index).columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)!.meta_data!;

  test.each<[string, RegExp, (metadata: FileMetaData) => unknown]>([
    ["more rows than row groups have", /row groups have 40 rows/, (m) => (m.num_rows = 41n)],
    ["a negative number of rows", /row groups have 40 rows/, (m) => (m.num_rows = -40n)],
    ["rows beyond 2^53", /footer: it is malformed/, (m) => (m.num_rows = 2n ** 60n)],
    ["a row group of no rows", /row group 0: 0 rows/, (m) => (group(m, 0).num_rows = 0n)],
    ["a row group of too many rows", /row group 1: 1048577 rows/, (m) => (group(m, 1).num_rows = 1_048_577n)],
    ["a column of fewer rows", /column step has another number/, (m) => (column(m, 0, "step").num_values = 19n)],
    ["a column that is missing", /does not have all columns/, (m) => group(m, 0).columns.pop()],
    ["a column in another file", /another file/, (m) => (group(m, 0).columns[1]!.file_path = "/etc/passwd")],
    [
      "a column behind the file",
      /column value is not inside/,
      (m) => (column(m, 1, "value").total_compressed_size = 9999n),
    ],
    ["a column of negative size", /is not inside/, (m) => (column(m, 1, "value").total_compressed_size = -5n)],
    ["a column at a negative place", /is not inside/, (m) => (column(m, 0, "time").data_page_offset = -5n)],
    ["a place beyond 2^53", /field 9 is malformed/, (m) => (column(m, 0, "time").data_page_offset = 2n ** 62n)],
    ["a dictionary behind its data", /is not inside/, (m) => (column(m, 1, "key").dictionary_page_offset = 1900n)],
    [
      "two columns in one place",
      /columns overlap/,
      (m) => (column(m, 1, "time").data_page_offset = column(m, 1, "step").data_page_offset),
    ],
    ["two row groups in one place", /row group 1: columns overlap/, (m) => (m.row_groups[1] = { ...group(m, 0) })],
    ["row groups out of order", /out of order|overlap/, (m) => m.row_groups.reverse()],
    [
      "keys out of order",
      /keys are out of order/,
      (m) => (column(m, 1, "key").statistics = { min_value: "A", max_value: "c" }),
    ],
    [
      "bounds the wrong way round",
      /row group 1: it is malformed/,
      (m) => (column(m, 1, "step").statistics = { min_value: 5n, max_value: 4n }),
    ],
    ["keys without statistics", /keys have no statistics/, (m) => delete column(m, 0, "key").statistics],
    [
      "statistics cut short",
      /truncated/,
      (m) => (column(m, 0, "key").statistics = { min_value: "a", max_value: "a", is_max_value_exact: false }),
    ],
    ["a column of another type", /column value has the wrong type/, (m) => (m.schema[4]!.type = "INT64")],
    ["a chunk of another type", /column value is not that/, (m) => (column(m, 0, "value").type = "FLOAT")],
    ["a chunk of another name", /column value is not that/, (m) => (column(m, 0, "value").path_in_schema = ["time"])],
    ["a codec we have not", /codec 6/, (m) => (column(m, 0, "value").codec = "ZSTD")],
    ["lists", /not flat/, (m) => (m.schema[2]!.repetition_type = "REPEATED")],
    ["times in microseconds", /milliseconds/, (m) => (m.schema[3]!.converted_type = "TIMESTAMP_MICROS")],
    [
      "times in nanoseconds",
      /milliseconds/,
      (m) => (m.schema[3]!.logical_type = { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" }),
    ],
  ])("%s", async (_, message, change) => {
    await expect(openBytes(v1File(groups, { change }))).rejects.toMatchObject({ code: "CORRUPT", message });
  });

  test.each<[string, RegExp, (metadata: FileMetaData) => unknown]>([
    [
      "of keys",
      /column key: it is not what/,
      (m) => (column(m, 1, "key").statistics = { min_value: "b", max_value: "d" }),
    ],
    [
      "of steps, too high",
      /column step: it is not what/,
      (m) => (column(m, 0, "step").statistics = { min_value: 0n, max_value: 20n }),
    ],
    [
      "of steps, too low",
      /column step: it is not what/,
      (m) => (column(m, 0, "step").statistics = { min_value: 1n, max_value: 19n }),
    ],
    ["of times", /column time: it is not what/, (m) => (column(m, 1, "time").statistics!.min_value = 5n)],
  ])("statistics %s are compared with what is read", async (_, message, change) => {
    const { reader } = await openBytes(v1File(groups, { change }));
    await expect(reader.points(undefined)).rejects.toMatchObject({ code: "CORRUPT", message });
  });

  test.each(["step", "time"] as const)(
    "statistics of a %s that is stored as in the row group before are compared too",
    async (name) => {
      const change = (m: FileMetaData): void => {
        column(m, 1, name).statistics = { ...column(m, 0, name).statistics!, max_value: 2n ** 41n };
      };
      const { reader } = await openBytes(v1File([[series("a", 20)], [series("b", 20)]], { change }));
      const message = new RegExp(`row group 1: column ${name}: it is not what`);
      await expect(reader.points(undefined)).rejects.toMatchObject({ code: "CORRUPT", message });
    },
  );
});

describe("schemas that are refused", () => {
  const text = (name: string): Uint8Array => new TextEncoder().encode(name);
  const leaf = (name: string, type: number): unknown[] => [undefined, type, undefined, 0, text(name)];
  const schema = (): unknown[][] => [
    [undefined, undefined, undefined, undefined, text("root"), 4],
    leaf("key", 6),
    leaf("step", 2),
    leaf("time", 2),
    leaf("value", 5),
  ];
  const read = (elements: unknown[][]): unknown => readSchema(elements.map((fields) => new Fields(fields)));

  test("the valid one is accepted", () => {
    expect(read(schema())).toMatchObject({ width: 4, columns: { value: { index: 3, type: 5, optional: false } } });
  });

  test.each<[string, RegExp, (schema: unknown[][]) => unknown]>([
    ["a column twice", /two columns have one name/, (s) => (s[2]![4] = text("time"))],
    ["a column less", /column step is missing/, (s) => (s[2]![4] = text("stop"))],
    ["columns in columns", /not flat/, (s) => (s[2]![5] = 1)],
    ["other columns than it says", /not flat/, (s) => (s[0]![5] = 3)],
    ["a repetition unheard of", /not flat/, (s) => (s[3]![3] = -1)],
    ["no root", /field 5 is malformed/, (s) => s.shift()],
    ["nothing", /not flat/, (s) => s.splice(0)],
    ["a name that is a number", /field 4 is malformed/, (s) => (s[3]![4] = 3)],
  ])("%s", (_, message, change) => {
    const changed = schema();
    change(changed);
    expect(() => read(changed)).toThrow(message);
  });
});

test("a page under another codec than it has", async () => {
  const codec = (m: FileMetaData): unknown => (m.row_groups[0]!.columns[2]!.meta_data!.codec = "UNCOMPRESSED");
  const { reader } = await openBytes(v1File(groups, { change: codec }));
  const message = /row group 0: column time: the page is malformed/;
  await expect(reader.points(undefined)).rejects.toMatchObject({ code: "CORRUPT", message });
});

test("a footer with a wrong checksum is refused, whatever it says", async () => {
  const file = v1File(groups, { checksum: true });
  expect((await openBytes(file)).reader.rows).toBe(40);
  const wrong = v1File(groups, {
    change: (m) => (m.key_value_metadata = [{ key: "runledger.crc32", value: "00000000" }]),
  });
  await expect(openBytes(wrong)).rejects.toMatchObject({ code: "CORRUPT", message: /footer: the checksum is wrong/ });
});

test("other columns and metadata are ignored", async () => {
  const { reader } = await openBytes(
    v1File(groups, { change: (m) => (m.key_value_metadata = [{ key: "note", value: "x" }]) }),
  );
  expect((await reader.points(undefined)).size).toBe(3);
});
