import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evenEdges, histogramContent, readHistogram } from "../../src/media/histogram.ts";
import { cases } from "../rounds.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

async function roundTrip(source: unknown, bins?: number): Promise<ReturnType<typeof readHistogram>> {
  return readHistogram(new TextDecoder().decode(await histogramContent(source, bins).encode()));
}

test("every value is counted once, in the bin whose edges enclose it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(5e-324, 1e-323, 1 + 2 ** -52, 1)),
      ),
      fc.integer({ min: 1, max: 100 }),
      async (values, bins) => {
        const { counts, edges, nan, negativeInfinity, positiveInfinity } = await roundTrip(values, bins);
        expect(nan).toBe(values.filter(Number.isNaN).length);
        expect(negativeInfinity).toBe(values.filter((value) => value === -Infinity).length);
        expect(positiveInfinity).toBe(values.filter((value) => value === Infinity).length);
        const finite = values.filter(Number.isFinite);
        if (finite.length === 0) {
          expect([counts, edges]).toEqual([[], []]);
          return;
        }
        expect(edges).toHaveLength(counts.length + 1);
        expect(counts.length).toBeLessThanOrEqual(bins);
        for (let i = 1; i < edges.length; i++) expect(edges[i]).toBeGreaterThan(edges[i - 1] as number);
        counts.forEach((count, i) => {
          const [low, high] = [edges[i] as number, edges[i + 1] as number];
          const isLast = i === counts.length - 1;
          expect(count).toBe(finite.filter((v) => v >= low && (v < high || (isLast && v === high))).length);
        });
        expect(counts.reduce((total, count) => total + count, 0)).toBe(finite.length);
      },
    ),
    { numRuns: cases(300) },
  );
});

test("a value on an edge counts in the bin above it, on the last edge in the last bin", async () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
  await fc.assert(
    fc.asyncProperty(finite, finite, fc.integer({ min: 2, max: 200 }), async (low, high, bins) => {
      fc.pre(high - low > 1e-3);
      const edges = evenEdges(low, high, bins);
      const expected = new Array<number>(bins).fill(1);
      expected[bins - 1] = 2;
      expect(await roundTrip(edges, bins)).toMatchObject({ counts: expected, edges });
    }),
  );
});

test("bins are of equal width, 64 of them unless said otherwise", async () => {
  const { counts, edges } = await roundTrip(Float32Array.from({ length: 129 }, (_, i) => i));
  expect(edges).toEqual(Array.from({ length: 65 }, (_, i) => 2 * i));
  expect(counts).toEqual([...new Array<number>(63).fill(2), 3]);
});

test.each([0, -0, 7, -1e300, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324])(
  "equal values of %d are in one bin around them",
  async (value) => {
    const { counts, edges } = await roundTrip([value, value, Number.NaN]);
    expect(counts).toEqual([2]);
    expect(edges[0]).toBeLessThanOrEqual(value);
    expect(edges[1]).toBeGreaterThanOrEqual(value);
    expect(edges[1]).toBeGreaterThan(edges[0] as number);
  },
);

test("a range wider than float64 can hold is divided, too", async () => {
  const { counts, edges } = await roundTrip([-Number.MAX_VALUE, 0, Number.MAX_VALUE], 4);
  const wanted = [-1, -0.5, 0, 0.5, 1];
  edges.forEach((edge, i) => expect(edge / Number.MAX_VALUE).toBeCloseTo(wanted[i] as number, 14));
  expect(counts).toEqual([1, 0, 1, 1]);
});

test("given counts are stored exactly", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), {
        minLength: 2,
        comparator: "SameValueZero",
      }),
      fc.infiniteStream(fc.maxSafeNat()),
      async (values, stream) => {
        const edges = values.sort((a, b) => a - b);
        const counts = edges.slice(1).map(() => stream.next().value as number);
        expect(await roundTrip({ counts, edges: Float64Array.from(edges) })).toEqual({
          counts,
          edges,
          nan: 0,
          negativeInfinity: 0,
          positiveInfinity: 0,
        });
      },
    ),
  );
});

test("64 bins of a layer's weights are short enough for the run's record", () => {
  const weights = Float32Array.from({ length: 100_000 }, (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 78.233));
  expect(histogramContent(weights).inline?.length).toBeLessThan(1024);
});

describe("anything but a histogram is refused, and the error names the wrong part", () => {
  const tensor = { dataSync: () => [1], shape: [1] };
  test.each([
    [tensor, undefined, "data", "Tensor"],
    ["1,2", undefined, "data", "string"],
    [undefined, undefined, "data", "undefined"],
    [new DataView(new ArrayBuffer(8)), undefined, "data", "DataView"],
    [[1, "2"], undefined, "data[1]", "string"],
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what is refused
    [[1, , 2], undefined, "data[1]", "undefined"],
    [new BigInt64Array(2), undefined, "data[0]", "bigint"],
    [[1], 0, "bins", "number"],
    [[1], 1.5, "bins", "number"],
    [[1], 10_001, "bins", "number"],
    [[1], "8", "bins", "string"],
    [{ counts: [1], edges: [0, 1] }, 8, "bins", "number"],
    [{ counts: [1] }, undefined, "data", "object"],
    [{ counts: [1], edges: tensor }, undefined, "edges", "Tensor"],
    [{ counts: [1.5], edges: [0, 1] }, undefined, "counts[0]", "number"],
    [{ counts: [-1], edges: [0, 1] }, undefined, "counts[0]", "number"],
    [{ counts: [2 ** 53], edges: [0, 1] }, undefined, "counts[0]", "number"],
    [{ counts: ["1"], edges: [0, 1] }, undefined, "counts[0]", "string"],
    [{ counts: [1], edges: [1, 1] }, undefined, "edges[1]", "number"],
    [{ counts: [1], edges: [0, Infinity] }, undefined, "edges[1]", "number"],
    [{ counts: [1], edges: [0] }, undefined, "edges", "array"],
    [{ counts: [], edges: [0] }, undefined, "edges", "array"],
    [{ counts: new Uint8Array(10_002), edges: [] }, undefined, "counts", "Uint8Array"],
  ])("%#", (source, bins, field, received) => {
    expect(() => histogramContent(source, bins)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field, received }),
    );
  });

  test("the error for a Tensor says how to get its numbers", () => {
    expect(() => histogramContent(tensor)).toThrow("dataSync()");
  });
});

test("stored text that is not a histogram is CORRUPT", async () => {
  const good = { counts: [1, 2], edges: [0, 1, 2] };
  expect(readHistogram(JSON.stringify(good))).toMatchObject(good);
  for (const bad of [
    {},
    [],
    null,
    { ...good, counts: "12" },
    { ...good, counts: [1] },
    { ...good, counts: [1, -2] },
    { ...good, edges: [0, 2, 1] },
    { ...good, edges: [0, 1, "2"] },
    { ...good, nan: 1.5 },
    { ...good, nan: null },
    { counts: [], edges: [0] },
    { counts: [1], range: [1, 0] },
    { counts: [1], range: [1] },
    { counts: [], range: [0, 1] },
    { counts: new Array(10_001).fill(0), range: [0, 1] },
    { counts: [1], edges: [0, { $rl: "f64", v: "Infinity" }] },
  ]) {
    expect(() => readHistogram(JSON.stringify(bad))).toThrow(code("CORRUPT"));
  }
  expect(() => readHistogram('{"counts":[1],"ed')).toThrow(code("CORRUPT"));
});
