import { crc32, gunzipSync } from "node:zlib";
import fc from "fast-check";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, onTestFinished, test, vi } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { generalCompressor } from "../../src/parquet/fflate-compressor.ts";
import { RunCompressor } from "../../src/parquet/run-compressor.ts";
import { MetricsWriter, type Slice } from "../../src/parquet/metrics-writer.ts";
import { compareUtf8 } from "../../src/bytes/utf8-order.ts";
import { cases } from "../rounds.ts";

const compressors = { GZIP: (input: Uint8Array): Uint8Array => gunzipSync(input) };

function slice(key: string, points: readonly (readonly [step: number, time: number, value: number])[]): Slice {
  return {
    key,
    steps: Float64Array.from(points, ([step]) => step),
    times: Float64Array.from(points, ([, time]) => time),
    values: Float64Array.from(points, ([, , value]) => value),
  };
}

function write(groups: readonly (readonly Slice[])[], options: { compat?: boolean } = {}): Uint8Array<ArrayBuffer> {
  const writer = new MetricsWriter({
    runId: "01run",
    ...(options.compat && { compat: generalCompressor }),
  });
  const parts = groups.map((slices) => writer.rowGroup(slices));
  expect(writer.size).toBe(parts.reduce((sum, { length }) => sum + length, 0));
  parts.push(writer.end());
  const file = Uint8Array.from(parts.flatMap((part) => [...part]));
  expect(writer.size).toBe(file.length);
  expect(writer.rows).toBe(groups.flat().reduce((sum, { values }) => sum + values.length, 0));
  return file;
}

const scratch = new DataView(new ArrayBuffer(8));
/** NaN of any bits is NaN here; -0 differs from 0. */
function bits(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

async function read(file: Uint8Array<ArrayBuffer>): Promise<unknown[][]> {
  const rows = await parquetReadObjects({ file: file.buffer, compressors });
  return rows.map(({ run_id, key, step, time, value }) => [
    run_id,
    key,
    step,
    (time as Date).getTime(),
    bits(value as number),
  ]);
}

function expected(groups: readonly (readonly Slice[])[]): unknown[][] {
  return groups
    .flat()
    .flatMap(({ key, steps, times, values }) =>
      [...values].map((value, i) => ["01run", key, BigInt(steps[i]!), times[i]! + 0, bits(value)]),
    );
}

const value = fc.oneof(
  fc.double(),
  fc.constantFrom(
    Number.NaN,
    Infinity,
    -Infinity,
    -0,
    0,
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
    2.2e-308,
    Number.MAX_VALUE,
  ),
);
const step = fc.oneof(
  fc.nat(1_000),
  fc.maxSafeInteger(),
  fc.constantFrom(2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const time = fc.oneof(
  fc.integer({ min: 1_780_000_000_000, max: 1_780_000_100_000 }),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
  fc.constantFrom(8.64e15, -8.64e15, 0),
);
const key = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("", "__proto__", "constructor", "损失/训练", "a.b", "\u{1F600}", "\uFB01", "loss", "x".repeat(2_000)),
);
const point = fc.tuple(step, time, value);
const group = fc
  .uniqueArray(fc.tuple(key, fc.array(point, { maxLength: 40 })), { selector: ([key]) => key, maxLength: 6 })
  .map((list) => list.sort(([a], [b]) => compareUtf8(a, b)).map(([key, points]) => slice(key, points)));

test("any points come back bit for bit, and the same points give the same bytes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(group, { maxLength: 4 }), fc.boolean(), async (groups, compat) => {
      const file = write(groups, { compat });
      expect(await read(file)).toEqual(expected(groups));
      expect(write(groups, { compat })).toEqual(file);
    }),
    { numRuns: cases(120) },
  );
});

test("many points of many keys come back, from parts of larger arrays and after a larger group", async () => {
  const rows = 20_000;
  const steps = Float64Array.from({ length: rows }, (_, i) => i);
  const times = Float64Array.from(
    { length: rows },
    (_, i) => 1_780_000_000_000 + i * 55 + ((i * 7) % 11) + (i % 500 ? 0 : 900),
  );
  const values = Float64Array.from({ length: rows }, (_, i) => Math.fround(Math.sin(i / 50) + (i % 17) / 100));
  const part = (key: string, from: number, to: number): Slice => ({
    key,
    steps: steps.subarray(from, to),
    times: times.subarray(from, to),
    values: values.subarray(from, to),
  });
  const groups = [
    [part("a", 0, rows)],
    [part("b", 7, 4_000), part("c", 1, 1), part("d", 11, 9_000), part("d", 9_000, 9_001), part("e", 3, 2_000)],
    Array.from({ length: 300 }, (_, i) => part(`key ${String(i).padStart(3, "0")}`, i, i + 1 + (i % 3))),
  ];
  const file = write(groups);
  expect(await read(file)).toEqual(expected(groups));
  expect(file.length).toBeLessThan(35_000 * 4);
});

test("no points at all make a file without rows", async () => {
  for (const groups of [[], [[]], [[slice("a", [])], []]]) {
    const file = write(groups);
    expect(await read(file)).toEqual([]);
    expect(parquetMetadata(file.buffer).row_groups).toEqual([]);
  }
});

test("the footer says what engines need to know", () => {
  const long = "a".repeat(3_000);
  const [metadata] = [
    write([
      [slice(`${long}1`, [[5, 1_000, Number.NaN]]), slice(`${long}\u{1F600}`, [[-3, 500, 2]])],
      [slice("n", [[1, 2, Number.NaN]])],
      [
        slice("z", [
          [2 ** 53 - 1, 8.64e15, 0],
          [1, 1, 0],
        ]),
      ],
      [
        slice("zz", [
          [0, 0, -0],
          [0, 0, Infinity],
        ]),
      ],
    ]),
  ].map((file) => parquetMetadata(file.buffer));
  expect(metadata!.created_by).toBe("runledger");
  expect(metadata!.num_rows).toBe(7n);
  expect(
    metadata!.schema.map(({ name, type, repetition_type, converted_type, logical_type }) => [
      name,
      type,
      repetition_type,
      converted_type,
      logical_type,
    ]),
  ).toEqual([
    ["schema", undefined, undefined, undefined, undefined],
    ["run_id", "BYTE_ARRAY", "REQUIRED", "UTF8", { type: "STRING" }],
    ["key", "BYTE_ARRAY", "REQUIRED", "UTF8", { type: "STRING" }],
    ["step", "INT64", "REQUIRED", undefined, undefined],
    ["time", "INT64", "REQUIRED", "TIMESTAMP_MILLIS", { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" }],
    ["value", "DOUBLE", "REQUIRED", undefined, undefined],
  ]);
  const [first, nan, zeros, negative] = metadata!.row_groups;
  const bounds = (group: typeof first, column: number): unknown[] => {
    const { min_value, max_value, null_count } = group!.columns[column]!.meta_data!.statistics!;
    return [min_value, max_value, null_count];
  };
  expect(bounds(first, 0)).toEqual(["01run", "01run", 0n]);
  expect(bounds(first, 1)).toEqual([`${long}1`, `${long}\u{1F600}`, 0n]);
  expect(bounds(first, 2)).toEqual([-3n, 5n, 0n]);
  expect(bounds(first, 3)).toEqual([new Date(500), new Date(1_000), 0n]);
  expect(bounds(first, 4)).toEqual([2, 2, 0n]);
  expect(bounds(nan, 4)).toEqual([undefined, undefined, 0n]);
  expect(bounds(zeros, 2)).toEqual([1n, 2n ** 53n - 1n, 0n]);
  // `toEqual` tells -0 from 0.
  expect(bounds(zeros, 4)).toEqual([-0, 0, 0n]);
  expect(bounds(negative, 4)).toEqual([-0, Infinity, 0n]);
  for (const group of metadata!.row_groups) {
    expect(group.sorting_columns).toEqual([{ column_idx: 1, descending: false, nulls_first: false }]);
    expect(group.columns.map(({ meta_data }) => meta_data!.encodings[meta_data!.encodings.length - 2])).toEqual([
      "RLE_DICTIONARY",
      "RLE_DICTIONARY",
      "DELTA_BINARY_PACKED",
      "DELTA_BINARY_PACKED",
      "BYTE_STREAM_SPLIT",
    ]);
  }
});

test("compat uses encodings that older engines read correctly", () => {
  const encodings = (points: readonly (readonly [number, number, number])[]): unknown[] =>
    parquetMetadata(write([[slice("a", points)]], { compat: true }).buffer).row_groups[0]!.columns.map(
      ({ meta_data }) => meta_data!.encodings[meta_data!.encodings.length - 2],
    );
  const texts = ["RLE_DICTIONARY", "RLE_DICTIONARY"];
  const near = [0, 2 ** 28 - 1, 2 ** 28 - 1].map((number) => [number, number, 1] as const);
  expect(encodings(near)).toEqual([...texts, "DELTA_BINARY_PACKED", "DELTA_BINARY_PACKED", "PLAIN"]);
  const far = [0, 2 ** 28, 2 ** 28].map((number) => [number, number, 1] as const);
  expect(encodings(far)).toEqual([...texts, "PLAIN", "PLAIN", "PLAIN"]);
});

test("pages are of version 1 and carry the CRC of their bytes; each column chunk is where the footer says", () => {
  const points = Array.from({ length: 3_000 }, (_, i) => [i, 1_780_000_000_000 + i * 10, i / 7] as const);
  const file = write([[slice("a", points), slice("b", points.slice(5))], [slice("c", points)]]);
  let at = 4;
  for (const { columns, file_offset, total_compressed_size } of parquetMetadata(file.buffer).row_groups) {
    expect(Number(file_offset)).toBe(at);
    for (const { meta_data } of columns) {
      const { dictionary_page_offset, data_page_offset, total_compressed_size: size } = meta_data!;
      expect(Number(dictionary_page_offset ?? data_page_offset)).toBe(at);
      const end = at + Number(size);
      const kinds: unknown[] = [];
      while (at < end) {
        const reader = { view: new DataView(file.buffer), offset: at };
        // Type, sizes, CRC; then the header of a data page (5) or of a dictionary (7).
        const header = deserializeTCompactProtocol(reader);
        const body = file.subarray(reader.offset, reader.offset + header.field_3);
        expect(header.field_4).toBe(crc32(body) | 0);
        kinds.push([header.field_1, "field_5" in header]);
        at = reader.offset + header.field_3;
      }
      expect(kinds).toEqual(
        dictionary_page_offset === undefined
          ? [[0, true]]
          : [
              [2, false],
              [0, true],
            ],
      );
      expect(at).toBe(end);
    }
    at = Number(file_offset! + total_compressed_size!);
  }
});

test("hyparquet-writer's file of the same points decodes to the same", async () => {
  await fc.assert(
    fc.asyncProperty(group, async (slices) => {
      const rows = expected([slices]) as [string, string, bigint, number, bigint][];
      fc.pre(rows.length > 0);
      const theirs = parquetWriteBuffer({
        columnData: [
          { name: "run_id", data: rows.map(([run]) => run), type: "STRING", nullable: false },
          { name: "key", data: rows.map(([, key]) => key), type: "STRING", nullable: false },
          {
            name: "step",
            data: rows.map(([, , step]) => step),
            type: "INT64",
            nullable: false,
            encoding: "DELTA_BINARY_PACKED",
          },
          {
            name: "time",
            data: rows.map(([, , , time]) => new Date(time)),
            type: "TIMESTAMP",
            nullable: false,
            encoding: "DELTA_BINARY_PACKED",
          },
          {
            name: "value",
            data: slices.flatMap(({ values }) => [...values]),
            type: "DOUBLE",
            nullable: false,
            encoding: "BYTE_STREAM_SPLIT",
          },
        ],
      });
      const ours = write([slices]);
      expect(await read(ours)).toEqual(await read(new Uint8Array(theirs)));
    }),
    { numRuns: cases(50) },
  );
});

test("strings are compared by their UTF-8 bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  expect(compareUtf8("\uFFFD", "\u{1F600}")).toBeLessThan(0);
  expect(compareUtf8("a", "ab")).toBeLessThan(0);
  expect(compareUtf8("ab", "ab")).toBe(0);
});

test("invalid input is refused, the error names the field, and the writer still works", async () => {
  const writer = new MetricsWriter({ runId: "01run" });
  const good = slice("a", [[1, 2, 3]]);
  const refused = (slices: unknown, field: string): void => {
    const size = writer.size;
    expect(thrownBy(() => writer.rowGroup(slices as Slice[]))).toMatchObject({ code: "INVALID_ARGUMENT", field });
    expect(writer.size).toBe(size);
  };
  refused([good, { ...good, key: 5 }], "slices[1].key");
  refused([{ ...good, steps: [1] }], "slices[0].steps");
  refused([{ ...good, times: new Float64Array(2) }], "slices[0].times");
  refused([slice("b", []), good], "slices[1].key");
  for (const step of [0.5, Number.NaN, Infinity, 2 ** 53])
    refused(
      [
        good,
        slice("b", [
          [1, 1, 1],
          [step, 2, 3],
        ]),
      ],
      "slices[1].steps",
    );
  for (const time of [0.5, Number.NaN, -Infinity, 8.64e15 + 2])
    refused([slice("", []), slice("b", [[1, time, 3]])], "slices[1].times");
  const parts = [writer.rowGroup([good]), writer.end()];
  expect(await read(Uint8Array.from(parts.flatMap((part) => [...part])))).toEqual(expected([[good]]));
  expect(thrownBy(() => writer.rowGroup([good]))).toMatchObject({ code: "CLOSED" });
  expect(thrownBy(() => writer.end())).toMatchObject({ code: "CLOSED" });
  expect(thrownBy(() => new MetricsWriter({ runId: 5 as never }))).toMatchObject({ field: "runId" });
});

function thrownBy(call: () => unknown): LedgerError {
  try {
    call();
  } catch (error) {
    if (LedgerError.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("the compressor weighs no part of a few values by itself: a hundred thousand metrics would take seconds", () => {
  const compress = vi.spyOn(RunCompressor.prototype, "compressInPieces");
  onTestFinished(() => void vi.restoreAllMocks());
  const one = Float64Array.of(1);
  const slices = Array.from({ length: 1000 }, (_, i) => ({
    key: String(i).padStart(4, "0"),
    steps: one,
    times: one,
    values: one,
  }));
  new MetricsWriter({ runId: "r" }).rowGroup(slices);
  const parts = compress.mock.calls.map(([page]) => page.parts ?? []);
  expect(Math.max(...parts.map(({ length }) => length))).toBe(8 * Math.ceil(1000 / 16));
  // Every plane of bytes still ends a part.
  for (let plane = 1; plane <= 8; plane++) expect(parts.some((ends) => ends.includes(plane * 1000))).toBe(true);
});
