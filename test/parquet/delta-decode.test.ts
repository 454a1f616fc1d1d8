import fc from "fast-check";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { describe, expect, test } from "vitest";
import { decodeDelta } from "../../src/parquet/delta-decode.ts";

const LARGEST = Number.MAX_SAFE_INTEGER;

function packed(values: readonly (number | bigint)[]): Uint8Array {
  const writer = new ByteWriter();
  deltaBinaryPack(writer, values as number[], "INT64");
  return writer.getBytes().slice();
}

function unpacked(bytes: Uint8Array, count: number): number[] {
  const out = new Float64Array(count + 2).fill(-7);
  decodeDelta(bytes, out, 1, count);
  expect([out[0], out[count + 1]]).toEqual([-7, -7]);
  return [...out.subarray(1, count + 1)];
}

test("all safe integers come back, near and far apart", () => {
  const values = fc.oneof(
    fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 300 }),
    fc.array(fc.constantFrom(LARGEST, -LARGEST, LARGEST - 1, 1 - LARGEST, 0), { minLength: 1, maxLength: 300 }),
    // Steps of each width there is, upwards from anywhere.
    fc
      .tuple(
        fc.maxSafeInteger(),
        fc.integer({ min: 0, max: 52 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 300 }),
      )
      .map(([first, width, parts]) => {
        const list = [first];
        for (const part of parts) {
          const next = list.at(-1)! + Math.floor(part * 2 ** width);
          list.push(Number.isSafeInteger(next) ? next : first);
        }
        return list;
      }),
  );
  fc.assert(
    fc.property(values, (values) => {
      expect(unpacked(packed(values), values.length)).toEqual(values.map((value) => value + 0));
    }),
    { numRuns: 500 },
  );
});

test("each width of bits, at the end of the page and before", () => {
  for (let width = 0; width <= 53; width++) {
    for (const count of [2, 33, 40, 129, 300]) {
      const top = 2 ** width - 1;
      const values = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 0 : Math.max(0, top - i)));
      expect(unpacked(packed(values), count), `${width} bits`).toEqual(values);
    }
  }
});

const ascend = (values: ArrayLike<number>): boolean =>
  Array.from(values).every((value, i, all) => i === 0 || all[i - 1]! <= value);

describe("that they ascend", () => {
  const said = (values: readonly number[]): boolean =>
    decodeDelta(packed(values), new Float64Array(values.length), 0, values.length);

  test("is known if all steps have at most 32 bits, and only then", () => {
    const gaps = fc.array(fc.oneof(fc.constantFrom(0, 1, 2 ** 31), fc.nat(9)), { minLength: 1, maxLength: 300 });
    const first = fc.integer({ min: -(2 ** 45), max: 2 ** 45 });
    fc.assert(
      fc.property(first, gaps, fc.option(fc.nat(299), { freq: 2 }), (first, gaps, fall) => {
        const values = [first];
        for (const [i, gap] of gaps.entries()) values.push(values.at(-1)! + (i === fall ? -1 - gap : gap));
        expect(said(values)).toBe(ascend(values));
      }),
      { numRuns: 500 },
    );
  });

  test("is not known if a value wraps around 2^64", () => {
    // 5, then a step of 2^64 - 3: 64 bits of which the least is 0.
    const wide = [253, ...Array.from({ length: 7 }, () => 255), ...Array.from({ length: 7 * 8 }, () => 0)];
    const out = new Float64Array(2);
    expect(decodeDelta(Uint8Array.from([8, 1, 2, 10, 0, 64, ...wide]), out, 0, 2)).toBe(false);
    expect([...out]).toEqual([5, 2]);
    // The same by a least step of 2^63 - 1, and one of a width that would do.
    const least = [254, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    const around = Uint8Array.from([8, 1, 2, 10, ...least, 32, ...Array.from({ length: 32 }, () => 255)]);
    expect(() => decodeDelta(around, out, 0, 2)).toThrow("beyond 2^53");
  });
});

describe("refused", () => {
  test("what is beyond 2^53", () => {
    const beyond = [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)];
    for (const value of beyond) {
      expect(() => unpacked(packed([value]), 1)).toThrow("beyond 2^53");
      expect(() => unpacked(packed([0n, value, 0n]), 3)).toThrow("beyond 2^53");
      expect(() => unpacked(packed([0n, 1n, 2n, value]), 4)).toThrow("beyond 2^53");
    }
    // One past the largest, by steps that a fast addition would round away.
    expect(() => unpacked(packed([BigInt(LARGEST), BigInt(LARGEST) + 2n, BigInt(LARGEST)]), 3)).toThrow("beyond 2^53");
  });

  test("another count, missing bytes, further bytes", () => {
    const bytes = packed(Array.from({ length: 200 }, (_, i) => i * i));
    expect(() => unpacked(bytes, 199)).toThrow("malformed");
    expect(() => unpacked(bytes, 201)).toThrow("malformed");
    for (let length = 0; length < bytes.length; length++) {
      expect(() => unpacked(bytes.subarray(0, length), 200), `${length} bytes`).toThrow("malformed");
    }
    expect(() => unpacked(Uint8Array.from([...bytes, 0]), 200)).toThrow("malformed");
  });

  test.each([
    ["blocks of nothing", [0, 0, 2, 0]],
    ["blocks of nothing in four parts", [0, 4, 2, 0]],
    ["no miniblocks", [128, 1, 0, 2, 0]],
    ["miniblocks of three", [12, 4, 2, 0]],
    ["blocks of a million", [128, 128, 64, 4, 2, 0]],
    ["an endless count", [128, 1, 4, 255, 255, 255, 255, 255, 255, 1]],
    ["an endless integer", [128, 1, 4, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ["integers of 65 bits", [128, 1, 4, 2, 0, 0, 65, 0, 0, 0, ...Array.from({ length: 300 }, () => 0)]],
  ])("%s", (_, bytes) => {
    expect(() => unpacked(Uint8Array.from(bytes), 2)).toThrow(RangeError);
  });
});

test("any bytes: integers or a RangeError", () => {
  const head = fc.constantFrom([], [128, 1, 4, 40], [128, 1, 4, 40, 6]);
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 400 }), (head, bytes) => {
      const out = new Float64Array(40);
      try {
        if (decodeDelta(Uint8Array.from([...head, ...bytes]), out, 0, 40)) expect(ascend(out)).toBe(true);
        expect(out.every((value) => Number.isSafeInteger(value))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 2000 },
  );
});
