import fc from "fast-check";
import type { FileMetaData } from "hyparquet";
import { describe, expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { compareBytes } from "../../src/bytes/utf8-order.ts";
import { MetricsReader, type PointsRange, type ReadPoints } from "../../src/parquet/metrics-reader.ts";
import { type FileOptions, type Series, bitsOf, expected, metricsFile, openBytes, series } from "./fixtures.ts";
import { v1File } from "./v1-file.ts";
import { cases } from "../rounds.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const byUtf8 = (a: { key: string }, b: { key: string }): number => compareBytes(utf8(a.key), utf8(b.key));

const keyText = fc.string({
  unit: fc.constantFrom("a", "b", "/", "é", "漢", "字", "\uffee", "\ufeff", "0"),
  maxLength: 6,
});
const integer = fc.oneof(
  fc.integer({ min: -50, max: 50 }),
  fc.maxSafeInteger(),
  fc.integer({ min: 2 ** 32 - 3, max: 2 ** 32 + 3 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0, 1_767_225_600_000),
);
const float = fc.oneof(
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, -5e-324, 2 ** -1022, Number.MAX_VALUE, -Number.MAX_VALUE),
  fc.float(),
);
const point = fc.tuple(integer, integer, float);
const lonelySeries = fc
  .tuple(keyText, fc.array(point, { minLength: 1, maxLength: 200 }))
  .map(([key, points]): Series => ({
    key,
    steps: points.map(([step]) => step),
    times: points.map(([, time]) => time),
    values: points.map(([, , value]) => value),
  }));

/** Now and then with the steps and times of the series before, as keys have that are logged together. */
const severalSeries = fc
  .tuple(
    fc.uniqueArray(lonelySeries, { selector: ({ key }) => key, minLength: 1, maxLength: 6 }),
    fc.infiniteStream(fc.boolean()),
  )
  .map(([list, alike]) => {
    const made: Series[] = [];
    for (const each of list.toSorted(byUtf8)) {
      const { steps, times } = (alike.next().value ? made.at(-1) : undefined) ?? each;
      made.push({ key: each.key, steps, times, values: steps.map((_, i) => each.values[i % each.values.length]!) });
    }
    return made;
  });

/** Series in the order of their keys, cut into row groups of one to three. */
const groupsOfSeries = fc
  .tuple(severalSeries, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 6, maxLength: 6 }))
  .map(([list, sizes]) => {
    const sorted = [...list];
    return sizes.flatMap((size) => (sorted.length > 0 ? [sorted.splice(0, size)] : []));
  });

const fileOptions: fc.Arbitrary<FileOptions> = fc.record({
  codec: fc.constantFrom("GZIP", "UNCOMPRESSED"),
  keys: fc.constantFrom("RLE_DICTIONARY", "PLAIN"),
  integers: fc.constantFrom("DELTA_BINARY_PACKED", "PLAIN"),
  values: fc.constantFrom("BYTE_STREAM_SPLIT", "PLAIN"),
  nullable: fc.boolean(),
  pageSize: fc.constantFrom(64, 1000, 1_048_576),
  statistics: fc.constantFrom(["step", "time"], ["step"], ["time"], []),
});

const rangeOf = fc.record(
  { fromStep: integer, toStep: integer, fromTime: integer, toTime: integer },
  { requiredKeys: [] },
);

/** What of `all` is inside `range`, found the slow way. */
function filtered(all: Map<string, ReadPoints>, range: PointsRange): Map<string, ReadPoints> {
  const { fromStep = -Infinity, toStep = Infinity, fromTime = -Infinity, toTime = Infinity } = range;
  const found = [...all].map(([key, { steps, times, values }]) => {
    const inside = [...steps.keys()].filter(
      (i) => steps[i]! >= fromStep && steps[i]! <= toStep && times[i]! >= fromTime && times[i]! <= toTime,
    );
    const pick = (array: Float64Array): Float64Array => Float64Array.from(inside, (i) => array[i]!);
    return [key, { steps: pick(steps), times: pick(times), values: pick(values) }] as const;
  });
  return new Map(found.filter(([, { values }]) => values.length > 0));
}

async function scanned(reader: MetricsReader): Promise<Map<string, ReadPoints>> {
  const all: [Series][] = [];
  for await (const { key, points } of reader.scan()) {
    all.push([{ key, steps: [...points.steps], times: [...points.times], values: [...points.values] }]);
  }
  return expected(all);
}

describe("what hyparquet-writer wrote", () => {
  test("comes back bit for bit, whatever the encodings, in one piece, by row group, by key and by range", async () => {
    await fc.assert(
      fc.asyncProperty(groupsOfSeries, fileOptions, rangeOf, fc.nat(), async (groups, options, range, choice) => {
        const { reader } = await openBytes(metricsFile(groups, options));
        const all = expected(groups);
        expect(bitsOf(await reader.points(undefined))).toEqual(bitsOf(all));
        expect(bitsOf(await scanned(reader))).toEqual(bitsOf(all));
        expect(bitsOf(await reader.points(undefined, range))).toEqual(bitsOf(filtered(all, range)));
        const keys = new Set([...all.keys()].filter((_, i) => (choice >> i) & 1));
        const some = new Map([...all].filter(([key]) => keys.has(key)));
        expect(bitsOf(await reader.points(new Set([...keys, "absent"])))).toEqual(bitsOf(some));
        expect(bitsOf(await reader.points(keys, range))).toEqual(bitsOf(filtered(some, range)));
      }),
      { numRuns: cases(300) },
    );
  });

  test("is described by its row groups", async () => {
    const groups = [[series("a", 5)], [series("b", 3, 10), series("c", 4, 2 ** 33)]];
    const { reader } = await openBytes(metricsFile(groups, { runId: "r" }));
    const times = groups[1]!.flatMap((one) => one.times);
    expect(reader.rows).toBe(12);
    expect(reader.rowGroups).toHaveLength(2);
    expect(reader.rowGroups[1]).toMatchObject({
      rows: 7,
      firstRow: 5,
      minKey: "b",
      maxKey: "c",
      minStep: 10,
      maxStep: 2 ** 33 + 3,
      minTime: times.reduce((a, b) => Math.min(a, b)),
      maxTime: times.reduce((a, b) => Math.max(a, b)),
    });
    const bare = await openBytes(metricsFile(groups, { statistics: [] }));
    expect(bare.reader.rowGroups[0]).toMatchObject({
      minStep: -Infinity,
      maxStep: Infinity,
      minTime: -Infinity,
      maxTime: Infinity,
    });
  });

  test("may have many pages in a column, and many keys in a row group", async () => {
    const groups = [Array.from({ length: 300 }, (_, i) => series(`key ${String(i).padStart(4, "0")}`, 1 + (i % 19)))];
    for (const keys of ["RLE_DICTIONARY", "PLAIN"] as const) {
      const { reader } = await openBytes(metricsFile(groups, { pageSize: 300, keys }));
      expect(bitsOf(await reader.points(undefined))).toEqual(bitsOf(expected(groups)));
    }
  });

  test("may be an empty file", async () => {
    const { reader } = await openBytes(v1File([]));
    expect(reader.rows).toBe(0);
    expect(await reader.points(undefined)).toEqual(new Map());
  });
});

describe("data pages v1", () => {
  test("come back bit for bit", async () => {
    const options = fc.record({
      codec: fc.constantFrom("GZIP" as const, "UNCOMPRESSED" as const),
      crc: fc.boolean(),
      checksum: fc.boolean(),
      nullable: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(groupsOfSeries, options, async (groups, options) => {
        const { reader } = await openBytes(v1File(groups, options));
        expect(bitsOf(await reader.points(undefined))).toEqual(bitsOf(expected(groups)));
      }),
    );
  });

  test("keys are in the order of UTF-8, where JavaScript's order is another", async () => {
    const groups = [[series("\ufffd", 3), series("😀", 4)], [series("😀", 2, 4)]];
    expect(["\ufffd", "😀"].toSorted()).toEqual(["😀", "\ufffd"]);
    const { reader } = await openBytes(v1File(groups));
    expect(bitsOf(await reader.points(undefined))).toEqual(bitsOf(expected(groups)));
    expect((await reader.points(new Set(["😀"]))).get("😀")?.steps).toHaveLength(6);
  });

  test("are counted: a null, which leaves a page short, is refused", async () => {
    const two = [[{ ...series("a", 2), values: [1, null as unknown as number] }]];
    for (const codec of ["GZIP", "UNCOMPRESSED"] as const) {
      const v1 = v1File([[series("a", 39)]], { codec, nullable: true, change: (metadata) => claim(metadata, 40n) });
      for (const file of [v1, metricsFile(two, { codec, nullable: true })]) {
        const { reader } = await openBytes(file);
        await expect(reader.points(undefined)).rejects.toMatchObject({ code: "CORRUPT" });
      }
    }
  });
});

function claim(metadata: FileMetaData, rows: bigint): void {
  metadata.num_rows = rows;
  for (const group of metadata.row_groups) {
    group.num_rows = rows;
    for (const { meta_data } of group.columns) if (meta_data) meta_data.num_values = rows;
  }
}

describe("the parts of a file that are read", () => {
  const noise = (key: string, count: number): Series => {
    const { steps, times } = series(key, count);
    return { key, steps, times, values: steps.map((i) => Math.sin(i * 12.9898 + key.length) * 43_758.5453) };
  };
  const groups = [
    [noise("a", 20_000)],
    [noise("b", 20_000)],
    [noise("c", 9000), noise("d", 9000)],
    [noise("e", 20_000)],
  ];
  const file = metricsFile(groups, { runId: "some run", pageSize: 1 << 20 });
  const tailStart = file.length - 65_536;

  test("open: the last 64 KiB", async () => {
    expect((await openBytes(file)).reads).toEqual([{ offset: tailStart, length: 65_536 }]);
  });

  test("one key: one range, without its key column", async () => {
    const { reader, reads } = await openBytes(file);
    reads.length = 0;
    expect(bitsOf(await reader.points(new Set(["b"])))).toEqual(bitsOf(expected([groups[1]!])));
    expect(reads).toHaveLength(1);
    const alone = metricsFile([groups[1]!], { pageSize: 1 << 20 });
    expect(reads[0]!.length).toBeLessThan(alone.length);
  });

  test("neighbours: one range", async () => {
    const { reader, reads } = await openBytes(file);
    reads.length = 0;
    expect((await reader.points(new Set(["a", "b", "c"]))).size).toBe(3);
    expect(reads).toHaveLength(1);
    reads.length = 0;
    expect((await reader.points(new Set(["a", "d"]))).size).toBe(2);
    expect(reads).toHaveLength(2);
  });

  test("nothing that the statistics exclude, nor what came with the end of the file", async () => {
    const { reader, reads } = await openBytes(file);
    reads.length = 0;
    expect(await reader.points(new Set(["bb", "", "z"]))).toEqual(new Map());
    expect(await reader.points(undefined, { fromStep: 20_000 })).toEqual(new Map());
    expect(await reader.points(undefined, { toTime: 5 })).toEqual(new Map());
    expect(reads).toEqual([]);
    const found = await reader.points(undefined, { fromStep: 10_000, toStep: 10_001 });
    expect([...found.keys()]).toEqual(["a", "b", "e"]);
    // Row group c, d ends before step 10,000.
    expect(reads).toHaveLength(2);

    const small = await openBytes(metricsFile([[series("a", 100)], [series("b", 100)]]));
    small.reads.length = 0;
    expect((await small.reader.points(undefined)).size).toBe(2);
    expect(small.reads).toEqual([]);
  });

  test("a longer footer: a second range, and no third", async () => {
    const many = Array.from({ length: 400 }, (_, i) => [series(`key ${String(i).padStart(4, "0")}`, 1)]);
    const bytes = metricsFile(many);
    const { reader, reads } = await openBytes(bytes);
    expect(reader.rowGroups).toHaveLength(400);
    expect(reads).toHaveLength(2);
    expect(reads[1]!.offset + reads[1]!.length).toBe(reads[0]!.offset);
    expect(bitsOf(await reader.points(undefined))).toEqual(bitsOf(expected(many)));
  });

  test("points own their memory", async () => {
    const { reader } = await openBytes(file);
    for (const { steps, times, values } of (await reader.points(undefined)).values()) {
      for (const array of [steps, times, values]) expect(array.buffer.byteLength).toBe(array.length * 8);
    }
    const first: ReadPoints[] = [];
    for await (const { points } of reader.scan()) first.push(points);
    expect(first.map(({ steps }) => steps.length)).toEqual([20_000, 20_000, 9000, 9000, 20_000]);
    expect(new Set(first.map(({ values }) => values.buffer)).size).toBe(5);
  });

  test("errors of the backend pass through, and none is left unhandled", async () => {
    const gone = new LedgerError("NOT_FOUND", "gone");
    await expect(MetricsReader.open(() => Promise.reject(gone), 5000, "x")).rejects.toBe(gone);
    let calls = 0;
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      if (++calls > 1) throw gone;
      return file.subarray(offset, offset + length);
    };
    const reader = await MetricsReader.open(read, file.length, "x");
    await expect(reader.points(new Set(["a", "d"]))).rejects.toBe(gone);
  });
});
