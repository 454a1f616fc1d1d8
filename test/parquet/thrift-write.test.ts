import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js";
import { expect, test } from "vitest";
import { ByteSink } from "../../src/parquet/byte-sink.ts";
import { generalCompressor } from "../../src/parquet/fflate-compressor.ts";
import { MetricsWriter } from "../../src/parquet/metrics-writer.ts";
import { encodeTable } from "../../src/parquet/table-write.ts";
import { ThriftReader } from "../../src/parquet/thrift-read.ts";
import { type Struct, type ThriftValue, writeStruct } from "../../src/parquet/thrift-write.ts";

const id = fc.integer({ min: 1, max: 15 });
const int32 = fc.integer();
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: "grapheme" });
const bytes = fc.uint8Array({ maxLength: 200 });
const { struct } = fc.letrec<{ struct: Struct; list: ThriftValue[]; value: ThriftValue | undefined }>((tie) => ({
  struct: fc
    .array(fc.tuple(id, tie("value")), { maxLength: 6 })
    .map((fields) => Object.fromEntries(fields) as Record<number, ThriftValue | undefined>),
  list: fc.oneof(
    ...[int32, int64, text, bytes, tie("struct")].map((element) =>
      fc.array(element as fc.Arbitrary<ThriftValue>, { maxLength: 20 }),
    ),
  ),
  value: fc.oneof(fc.constant(undefined), fc.boolean(), int32, int64, text, bytes, tie("list"), tie("struct")),
}));

function written(value: Struct): Uint8Array {
  const out = new ByteSink();
  writeStruct(out, value);
  return out.written;
}

/** The same in the notation of hyparquet-writer. */
function theirs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(theirs);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [`field_${key}`, theirs(field)]));
}

test("any struct has the bytes that hyparquet-writer gives it, and our reader reads it whole", () => {
  fc.assert(
    fc.property(struct, (value) => {
      const writer = new ByteWriter();
      serializeTCompactProtocol(writer, theirs(value) as never);
      const ours = written(value);
      expect(ours).toEqual(writer.getBytes());
      const reader = new ThriftReader(ours, 0, 100_000);
      const fields = reader.struct();
      expect(reader.at).toBe(ours.length);
      for (let i = 1; i <= 15; i++) expect(fields.has(i)).toBe(value[i] !== undefined);
    }),
    { numRuns: 500 },
  );
});

test("a text made by a function sees everything written before it", () => {
  const out = new ByteSink();
  out.byte(99);
  let seen: number[] = [];
  writeStruct(out, { 1: 5, 2: [{ 1: () => ((seen = [...out.written]), "ab") }], 3: true });
  expect(seen).toEqual([99, 0x15, 10, 0x19, 0x1c, 0x18]);
  expect([...out.written]).toEqual([99, 0x15, 10, 0x19, 0x1c, 0x18, 2, 97, 98, 0, 0x11, 0]);
});

const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 });
const points = fc.array(fc.tuple(fc.maxSafeInteger(), fc.integer(), fc.double()), { maxLength: 20 });

/** Its footer, read by hyparquet, is written again by hyparquet-writer. */
function expectSameFooter(file: Uint8Array<ArrayBuffer>): void {
  const metadata = parquetMetadata(file);
  const writer = new ByteWriter();
  writeMetadata(writer, metadata, Number.POSITIVE_INFINITY);
  writer.appendUint32(0x31524150);
  expect(file.subarray(-writer.index)).toEqual(writer.getBytes());
}

test("footers of metrics have the bytes that hyparquet-writer gives them", () => {
  fc.assert(
    fc.property(name, fc.array(fc.tuple(name, points), { maxLength: 20 }), fc.boolean(), (runId, groups, compat) => {
      const file = new MetricsWriter({ runId, compat: compat ? generalCompressor : undefined });
      const parts = groups.map(([key, list]) =>
        file.rowGroup([
          {
            key,
            steps: Float64Array.from(list, ([step]) => step),
            times: Float64Array.from(list, ([, time]) => time),
            values: Float64Array.from(list, ([, , value]) => value),
          },
        ]),
      );
      expectSameFooter(Uint8Array.from([...parts, file.end()].flatMap((part) => [...part])));
    }),
    { numRuns: 50 },
  );
});

test("footers of tables have the bytes that hyparquet-writer gives them", () => {
  const rows = fc.array(fc.tuple(fc.double(), fc.maxSafeInteger(), fc.boolean(), name, fc.boolean()), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 4, maxLength: 4 }), rows, fc.boolean(), (names, list, withNulls) => {
      const nulls = withNulls ? { nulls: list.map((row) => row[4]) } : {};
      const file = encodeTable([
        { name: names[0]!, type: "double", values: Float64Array.from(list, (row) => row[0]), ...nulls },
        { name: names[1]!, type: "int64", values: Float64Array.from(list, (row) => row[1]), ...nulls },
        { name: names[2]!, type: "boolean", values: list.map((row) => row[2]), ...nulls },
        { name: names[3]!, type: "string", values: list.map((row) => row[3]), ...nulls },
      ]);
      expectSameFooter(file.slice());
    }),
    { numRuns: 100 },
  );
});
