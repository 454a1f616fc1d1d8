import * as zlib from "node:zlib";
import fc from "fast-check";
import { gunzipSync, inflateSync } from "fflate";
import { expect, test } from "vitest";
import { crc32 } from "../../../src/bytes/crc32.ts";
import { RunDeflate, deflateBound, gzip, gzipBound } from "../../../src/parquet/deflate/run-deflate.ts";
import { assignCodes, codeLengths } from "../../../src/parquet/deflate/huffman.ts";
import { log2 } from "../../../src/parquet/deflate/symbol-counts.ts";
import { cases } from "../../rounds.ts";

const deflate = new RunDeflate();

function deflated(data: Uint8Array, parts: readonly number[] = [data.length]): Uint8Array {
  const out = new Uint8Array(deflateBound(data.length, parts.length));
  return out.slice(0, deflate.deflate(data, parts, out, 0));
}

function expectBack(data: Uint8Array, parts?: readonly number[]): Uint8Array {
  const packed = deflated(data, parts);
  expect(Buffer.compare(zlib.inflateRawSync(packed), data)).toBe(0);
  expect(Buffer.compare(inflateSync(packed), data)).toBe(0);
  return packed;
}

/** Bytes of one seed: the same in every run of the tests. */
function noise(length: number, below = 256, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state >>> 8) * below) >>> 24;
  });
}

test("small inputs come back", () => {
  expectBack(new Uint8Array(0));
  for (const length of [1, 2, 3, 4, 257, 258, 259, 260, 261, 4095, 4096, 4097]) {
    expectBack(new Uint8Array(length));
    expectBack(new Uint8Array(length).fill(7));
    expectBack(noise(length));
    expectBack(noise(length, 2));
  }
});

test("data longer than a stored block, of every kind, comes back", () => {
  const random = noise(200_000);
  expect(expectBack(random).length).toBeLessThan(random.length + 64);
  for (const below of [2, 3, 8, 24, 100]) {
    const skewed = noise(150_000, below);
    const packed = expectBack(skewed);
    // Nothing repeats but by chance: what a code for the bytes alone gives is the measure.
    const { Z_HUFFMAN_ONLY } = zlib.constants;
    expect(packed.length).toBeLessThan(1.01 * zlib.deflateRawSync(skewed, { strategy: Z_HUFFMAN_ONLY }).length);
  }
  expect(expectBack(new Uint8Array(1_000_000)).length).toBeLessThan(1_200);
  // All symbols at all lengths of runs, then a repetition from as far away as deflate reaches, and from one farther.
  const runs = Uint8Array.from(Array.from({ length: 256 }, (_, i) => Array<number>(i + 3).fill(i)).flat());
  expectBack(runs);
  for (const distance of [1, 2, 4, 5, 255, 32_767, 32_768, 32_769]) {
    const head = noise(distance, 256, distance);
    expectBack(Uint8Array.from({ length: distance + 3_000 }, (_, i) => head[i % distance]!));
  }
});

test("a repetition is found, and pays", () => {
  const once = noise(5_000, 64);
  const twice = new Uint8Array(10_000);
  twice.set(once);
  twice.set(once, 5_000);
  expect(deflated(twice).length).toBeLessThan(deflated(once).length * 1.1);
});

test("any data comes back, in any parts", () => {
  const stretch = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.nat(3_000)).map(([byte, n]) => new Uint8Array(n).fill(byte)),
    fc
      .tuple(fc.nat(6_000), fc.integer({ min: 1, max: 256 }), fc.nat())
      .map(([n, below, seed]) => noise(n, below, seed)),
  );
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 12 }), fc.infiniteStream(fc.nat(11)), (stretches, picks) => {
      const chosen = stretches.map((_, i) =>
        i % 2 ? stretches[picks.next().value % stretches.length]! : stretches[i]!,
      );
      const data = new Uint8Array(chosen.reduce((sum, { length }) => sum + length, 0));
      const parts: number[] = [];
      let at = 0;
      for (const piece of chosen) {
        data.set(piece, at);
        at += piece.length;
        parts.push(at);
      }
      const packed = expectBack(data, parts);
      // The same again, with buffers that have been used: nothing of the last call is left in them.
      expect(deflated(data, parts)).toEqual(packed);
      expect(new RunDeflate().deflate(data, parts, new Uint8Array(packed.length + 100_000), 0)).toBe(packed.length);
      expectBack(data);
    }),
    { numRuns: cases(150) },
  );
});

test("the same input gives these bytes on every platform", () => {
  const data = new Uint8Array(30_000);
  data.set(noise(8_000, 24), 3_000);
  data.set(noise(8_000, 24), 14_000);
  data.set(noise(6_000), 24_000);
  const packed = deflated(data);
  expect([packed.length, crc32(packed) | 0]).toMatchInlineSnapshot(`
    [
      11081,
      1305285403,
    ]
  `);
});

test("a gzip member is one to zlib and to fflate", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (data) => {
      const out = new Uint8Array(gzipBound(data.length, 1));
      const member = out.subarray(0, gzip(deflate, data, [data.length], out));
      expect(Uint8Array.from(zlib.gunzipSync(member))).toEqual(data);
      expect(gunzipSync(member)).toEqual(data);
      expect(crc32(data)).toBe(zlib.gzipSync(data).readUInt32LE(zlib.gzipSync(data).length - 8));
    }),
  );
});

test("code lengths are complete, within the limit, and no longer for what is more frequent", () => {
  const fibonacci = [1, 1];
  while (fibonacci.length < 30) fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!);
  const counts = fc.oneof(
    fc.array(fc.oneof(fc.constant(0), fc.nat(5), fc.nat(1 << 20)), { minLength: 2, maxLength: 286 }),
    fc.constant(fibonacci),
    fc.constant([...fibonacci, ...Array<number>(250).fill(1)]),
  );
  fc.assert(
    fc.property(counts, fc.constantFrom(9, 11, 15), (list, limit) => {
      const lengths = new Uint8Array(list.length);
      codeLengths(Uint32Array.from(list), limit, lengths);
      const used = [...lengths].filter((length) => length > 0);
      expect(list.every((count, i) => count > 0 === lengths[i]! > 0)).toBe(true);
      expect(Math.max(0, ...used)).toBeLessThanOrEqual(limit);
      if (used.length > 1) expect(used.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
      for (let i = 1; i < list.length; i++) {
        if (list[i]! > list[i - 1]! && list[i - 1]! > 0) expect(lengths[i]).toBeLessThanOrEqual(lengths[i - 1]!);
      }
      const codes = new Uint32Array(list.length);
      assignCodes(lengths, codes);
      expect(new Set([...codes].filter((code) => code > 0xffff)).size).toBe(used.length);
    }),
  );
});

test("few symbols under a limit of seven bits", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant(0), fc.nat(3), fc.nat(9_000)), { minLength: 19, maxLength: 19 }),
      (list) => {
        const lengths = new Uint8Array(19);
        codeLengths(Uint32Array.from(list), 7, lengths);
        const used = [...lengths].filter((length) => length > 0);
        expect(Math.max(0, ...used)).toBeLessThanOrEqual(7);
        if (used.length > 1) expect(used.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
      },
    ),
  );
});

test("the logarithm is right to three digits", () => {
  for (let n = 1; n < 2 ** 31; n = Math.ceil(n * 1.01)) expect(Math.abs(log2(n) - Math.log2(n))).toBeLessThan(1e-3);
});
