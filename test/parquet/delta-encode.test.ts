import fc from "fast-check";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { expect, test } from "vitest";
import { ByteSink } from "../../src/parquet/byte-sink.ts";
import { encodeDeltas } from "../../src/parquet/delta-encode.ts";
import { integerBounds } from "../../src/parquet/statistics.ts";

function encode(values: readonly number[]): Uint8Array {
  const writer = new ByteSink();
  const array = Float64Array.from(values);
  encodeDeltas(array, integerBounds([array], Number.MAX_SAFE_INTEGER, "values"), writer);
  return writer.written.slice();
}

function decode(bytes: Uint8Array, count: number): bigint[] {
  const output = new BigInt64Array(count);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  deltaBinaryUnpack(reader, count, output);
  return [...output];
}

function expectBack(values: readonly number[]): void {
  expect(decode(encode(values), values.length)).toEqual(values.map(BigInt));
}

test("every list of safe integers comes back", () => {
  const MAX = Number.MAX_SAFE_INTEGER;
  const value = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer(),
    fc.nat(300),
    fc.constantFrom(MAX, -MAX, MAX - 1, 0, -0, 2 ** 52, -(2 ** 52), 2 ** 31, -(2 ** 31) - 1, 2 ** 24, 2 ** 32),
  );
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 400 }), expectBack), { numRuns: 300 });
  fc.assert(fc.property(fc.array(fc.constantFrom(MAX, -MAX), { minLength: 1, maxLength: 300 }), expectBack));
});

test("differences of every width come back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 53 }),
      fc.maxSafeInteger(),
      fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 300 }),
      (bits, first, list) => {
        let at = first;
        const values = list.map((value) => {
          const next = at + (value % 2 ** bits);
          if (Number.isSafeInteger(next)) at = next;
          return at;
        });
        expectBack(values);
      },
    ),
    { numRuns: 300 },
  );
});

test("whole blocks, one value more, one less", () => {
  for (const length of [1, 2, 31, 32, 33, 127, 128, 129, 130, 256, 257, 258, 1_000]) {
    expectBack(Array.from({ length }, (_, i) => i));
    expectBack(Array.from({ length }, (_, i) => (i * i) % 97));
    expectBack(Array.from({ length }, (_, i) => 2 ** 40 * (i % 3)));
  }
});

test("an even series takes five bytes a block, and equal differences are equal bytes", () => {
  expect(encode(Array.from({ length: 12_801 }, (_, i) => i * 7)).length).toBeLessThan(100 * 5 + 16);
  const times = Array.from({ length: 12_801 }, (_, i) => i * 55 + (i % 5));
  const bytes = encode(times);
  // Behind the header, each block is its base, four widths and 128 bytes: all alike, as the pattern has a period of 5.
  const blocks = Array.from({ length: 100 }, (_, i) => bytes.subarray(bytes.length - (100 - i) * 133).slice(0, 133));
  expect(blocks[5]).toEqual(blocks[0]);
  expect([...blocks[0]!.subarray(0, 5)]).toEqual([0, 8, 8, 8, 8]);
});
