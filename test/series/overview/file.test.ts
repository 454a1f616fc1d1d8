import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { crc32 } from "../../../src/bytes/crc32.ts";
import { RunDeflate } from "../../../src/parquet/deflate/run-deflate.ts";
import type { ReadRange } from "../../../src/parquet/metrics-reader.ts";
import type { Extremes } from "../../../src/series/overview/buckets.ts";
import { OverviewBuilder, type SeriesOverview } from "../../../src/series/overview/overview-builder.ts";
import type { OverviewPlace } from "../../../src/series/overview/overview-index.ts";
import { type OverviewReader, openOverview } from "../../../src/series/overview/overview-reader.ts";
import { OverviewWriter } from "../../../src/series/overview/overview-writer.ts";
import { type Recipe, recipes, seriesOf } from "../odd-series.ts";
import { same } from "../same.ts";
import { extremesOf } from "../extremes-of.ts";
import { cases } from "../../rounds.ts";

const PLACE = { runId: "r", name: "metrics.overview" };
const NAME = "runs/r/metrics.overview";

function overviewOf(recipe: Recipe): SeriesOverview {
  const { steps, times, values } = seriesOf(recipe);
  const builder = new OverviewBuilder(values.length);
  builder.add(steps, times, values);
  return builder.finish();
}

function objectOf(overviews: ReadonlyMap<string, SeriesOverview>): Uint8Array {
  const writer = new OverviewWriter(PLACE);
  const pieces = [...overviews].map(([key, overview]) => writer.add(key, overview));
  pieces.push(writer.end());
  const bytes = new Uint8Array(writer.size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  expect(at).toBe(writer.size);
  return bytes;
}

function reading(bytes: Uint8Array): { read: ReadRange; reads: [number, number][] } {
  const reads: [number, number][] = [];
  const read: ReadRange = async (offset, length) => {
    reads.push([offset, length]);
    return bytes.slice(offset, offset + length);
  };
  return { read, reads };
}

const example: Recipe = { n: 5000, seed: 3, values: "noise", steps: "each", times: "stalling" };

test("every series of an object is read back by its key, and no other", async () => {
  const key = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("__proto__", "constructor", "\ufeff"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 6 }),
      fc.array(recipes(501, 1200), { minLength: 6 }),
      async (keys, made) => {
        const overviews = new Map(keys.map((name, i) => [name, overviewOf(made[i]!)] as const));
        const bytes = objectOf(overviews);
        const file = await openOverview(reading(bytes).read, bytes.length, PLACE);
        expect([...file.keys()]).toEqual(keys);
        for (const [name, overview] of overviews) {
          expect([file.has(name), file.count(name)]).toEqual([true, overview.n]);
          expect(same(await file.extremes(name, 250), extremesOf(overview, 250))).toBe(true);
          expect(same(await file.extremes(name, 500), extremesOf(overview, 500))).toBe(true);
        }
        expect([file.has("not there"), file.count("not there")]).toEqual([false, undefined]);
        expect(await file.extremes("not there", 250)).toBeUndefined();
      },
    ),
    { numRuns: cases(60) },
  );
});

test("a short index takes one read, a long one two, a series one more, of no more than its level", async () => {
  for (const [count, opening] of [
    [10, 1],
    [200, 2],
  ] as const) {
    const overview = overviewOf(example);
    const bytes = objectOf(new Map(Array.from({ length: count }, (_, i) => [`layers/${i}/norm`, overview])));
    const { read, reads } = reading(bytes);
    const file = await openOverview(read, bytes.length, PLACE);
    expect(reads).toHaveLength(opening);
    expect(reads[0]).toEqual([bytes.length - 1024, 1024]);
    const sizes: number[] = [];
    for (const level of [250, 500] as const) {
      reads.length = 0;
      expect(await file.extremes("layers/7/norm", level)).toBeDefined();
      expect(reads).toHaveLength(1);
      sizes.push(reads[0]![1]);
    }
    expect(sizes[0]).toBeLessThan(0.6 * sizes[1]!);
  }
});

test("the same series give the same bytes; a key comes once, and no series of 500 points or less", () => {
  const overview = overviewOf(example);
  expect(objectOf(new Map([["a", overview]]))).toEqual(objectOf(new Map([["a", overviewOf(example)]])));
  const writer = new OverviewWriter(PLACE);
  writer.add("a", overview);
  const refusal = expect.objectContaining({ code: "INVALID_ARGUMENT", field: "key" });
  expect(() => writer.add("a", overview)).toThrow(refusal);
  expect(() => writer.add("b", overviewOf({ ...example, n: 500 }))).toThrow(refusal);
});

test("the bytes of an object are those of version 1 of the format", () => {
  // Integers and rounded quotients alone: the same on every engine.
  const recipe = { n: 5000, seed: 7, steps: "ragged", times: "stalling" };
  const object = objectOf(
    new Map(["noise", "counts", "decimal", "gap", "bits"].map((values) => [values, overviewOf({ ...recipe, values })])),
  );
  expect([object.length, crc32(object)]).toEqual([47_943, 201_262_328]);
});

test("an object of earlier versions, whose series have a third part, is read", async () => {
  const { encodeIndex, overviewSeed, partCrc } = await import("../../../src/series/overview/overview-index.ts");
  const { encodeOverview } = await import("../../../src/series/overview/overview-writer.ts");
  const seed = overviewSeed(PLACE);
  const overviews = new Map(["a", "b"].map((key, i) => [key, overviewOf({ ...example, seed: i })]));
  const blocks = [...overviews].map(([key, overview]) => {
    const parts = [...encodeOverview(overview, new RunDeflate()), new TextEncoder().encode("means and last values")];
    return { key, parts, row: [overview.n, ...parts.flatMap((part) => [part.length, partCrc(seed, key, part)])] };
  });
  const index = encodeIndex(new Map(blocks.map(({ key, row }) => [key, row])), seed);
  const bytes = Uint8Array.from(Buffer.concat([...blocks.flatMap(({ parts }) => parts), index]));
  const file = await openOverview(reading(bytes).read, bytes.length, PLACE);
  for (const [key, overview] of overviews) {
    expect(same(await file.extremes(key, 250), extremesOf(overview, 250))).toBe(true);
    expect(same(await file.extremes(key, 500), extremesOf(overview, 500))).toBe(true);
  }
});

/** Reads all of an object. Gives what it holds, or the error, which has to be the one of damage. */
async function outcome(
  bytes: Uint8Array,
  size: number,
  keys: readonly string[],
): Promise<Map<string, Extremes> | "refused"> {
  try {
    const file = await openOverview(reading(bytes).read, size, PLACE);
    const found = new Map<string, Extremes>();
    for (const key of keys) {
      expect(await file.extremes(key, 250)).toBeDefined();
      const extremes = await file.extremes(key, 500);
      if (extremes) found.set(key, extremes);
    }
    return found;
  } catch (error) {
    if (!LedgerError.hasCode(error, "CORRUPT")) throw error;
    expect(error.key).toBe(NAME);
    expect(error.message).toContain(NAME);
    return "refused";
  }
}

test("an object that is cut off or has a bit flipped is refused", async () => {
  const keys = ["loss", "val/loss", "val/nothing"];
  const made = [example, { ...example, n: 900 }, { ...example, n: 501, values: "nothing" }];
  const bytes = objectOf(new Map(keys.map((key, i) => [key, overviewOf(made[i]!)])));
  expect(await outcome(bytes, bytes.length, keys)).not.toBe("refused");

  // All of the index and the trailer, and places all over the blocks.
  const places = Array.from(bytes.keys()).filter((at) => at % 23 === 0 || at > bytes.length - 160);
  for (const at of places) {
    const flipped = bytes.slice();
    flipped[at]! ^= 1 << (at % 8);
    expect(await outcome(flipped, flipped.length, keys)).toBe("refused");
    const cut = bytes.subarray(0, at);
    // As listed, and as a listing from before the loss has it.
    expect(await outcome(cut, cut.length, keys)).toBe("refused");
    expect(await outcome(cut, bytes.length, keys)).toBe("refused");
  }
  const parts = { ...example, n: 900 };
  const one = objectOf(new Map([["loss", overviewOf(parts)]]));
  const other = objectOf(new Map([["loss", overviewOf({ ...parts, seed: 4 })]]));
  // The blocks of another object of the same shape.
  const mixed = one.slice();
  mixed.set(other.subarray(0, 500));
  expect(await outcome(mixed, mixed.length, ["loss"])).toBe("refused");
});

test("an inconsistent index with a right checksum is refused", async () => {
  const { encodeIndex, overviewSeed } = await import("../../../src/series/overview/overview-index.ts");
  type Rows = Parameters<typeof encodeIndex>[0];
  const opened = async (rows: unknown): Promise<unknown> => {
    // Rows as they are, without what a Map would forbid.
    const bytes = encodeIndex(rows as Rows, overviewSeed(PLACE));
    return await outcome(bytes, bytes.length, []);
  };
  const row = [501, 0, 0, 0, 0];
  expect(await opened([["a", row]])).not.toBe("refused");
  // Earlier versions wrote a third part.
  expect(await opened([["a", [...row, 0, 0]]])).not.toBe("refused");
  expect(await opened([])).not.toBe("refused");
  for (const bad of [
    [500, 0, 0, 0, 0],
    [501.5, 0, 0, 0, 0],
    [2 ** 60, 0, 0, 0, 0],
    ["501", 0, 0, 0, 0],
    [501, 1, 0, 0, 0],
    [501, 65_537, 0, 0, 0],
    [501, 7, 0, -7, 0],
    [501, 0.5, 0, 0.5, 0],
    [501, 0, 0, 0, 0, 0],
    [501, 0, 0, 0, 0, 7, 0],
    [501, 0, 0, 0, 0, 0, 0, 0, 0],
    [501, 0, 0],
    null,
    "501",
  ]) {
    expect(await opened([["a", bad]]), JSON.stringify(bad)).toBe("refused");
  }
  expect(
    await opened([
      ["a", row],
      ["a", row],
    ]),
  ).toBe("refused");
  expect(await opened([[7, row]])).toBe("refused");
  expect(await opened([null])).toBe("refused");
  expect(await opened([[]])).toBe("refused");
});

test("an object of another run, or of another compaction of the run, is refused, and so is its part", async () => {
  const { encodeIndex, overviewSeed } = await import("../../../src/series/overview/overview-index.ts");
  const bytes = objectOf(new Map([["loss", overviewOf(example)]]));
  expect(await outcome(bytes, bytes.length, ["loss"])).not.toBe("refused");
  const open = (place: OverviewPlace, object = bytes): Promise<OverviewReader> =>
    openOverview(reading(object).read, object.length, place);
  for (const place of [
    { ...PLACE, runId: "s" },
    { ...PLACE, name: "metrics.0002.overview" },
  ]) {
    await expect(open(place)).rejects.toMatchObject({ code: "CORRUPT", key: `runs/${place.runId}/${place.name}` });
    // Also behind an index that is signed for that place: each part names it too.
    const end = bytes.length - 16;
    const length = new DataView(bytes.buffer).getUint32(end, true);
    const rows = new Map(
      JSON.parse(new TextDecoder().decode(bytes.subarray(end - length, end))) as [string, number[]][],
    );
    const forged = Buffer.concat([bytes.subarray(0, end - length), encodeIndex(rows, overviewSeed(place))]);
    const file = await open(place, Uint8Array.from(forged));
    await expect(file.extremes("loss", 250)).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("errors of reading are passed on", async () => {
  const gone = new LedgerError("NOT_FOUND", "gone");
  await expect(openOverview(() => Promise.reject(gone), 500, PLACE)).rejects.toBe(gone);
});
