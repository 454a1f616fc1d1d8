import fc from "fast-check";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { describe, expect, test } from "vitest";
import { decodePlainDoubles, decodePlainIntegers, decodeText } from "../../src/parquet/plain.ts";
import { joinPlanes } from "../../src/parquet/byte-stream-split.ts";
import { ENCODING } from "../../src/parquet/thrift-enums.ts";
import { compareBytes } from "../../src/bytes/utf8-order.ts";
import { decodeKeys } from "../../src/parquet/key-column-decode.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("doubles", () => {
  test("planes and plain bytes give every bit, NaNs with their payload", () => {
    fc.assert(
      fc.property(fc.bigUint64Array({ maxLength: 50 }), fc.nat(3), (bits, at) => {
        const n = bits.length;
        const plain = new Uint8Array(bits.buffer, bits.byteOffset, n * 8);
        const planes = Uint8Array.from({ length: n * 8 }, (_, i) => plain[(i % n) * 8 + Math.floor(i / n)]!);
        for (const [decode, bytes] of [[joinPlanes, planes] as const, [decodePlainDoubles, plain] as const]) {
          const out = new Float64Array(n + at + 1);
          decode(bytes, out, at, n);
          expect([...new BigUint64Array(out.buffer)]).toEqual([...Array(at).fill(0n), ...bits, 0n]);
        }
      }),
    );
  });

  test("another number of bytes is refused", () => {
    for (const length of [0, 7, 15, 17]) {
      const bytes = new Uint8Array(length);
      expect(() => joinPlanes(bytes, new Float64Array(4), 0, 2)).toThrow(RangeError);
      expect(() => decodePlainDoubles(bytes, new Float64Array(4), 0, 2)).toThrow(RangeError);
      expect(() => decodePlainIntegers(bytes, new Float64Array(4), 0, 2)).toThrow(RangeError);
    }
  });
});

test("plain integers: all safe ones, and no other", () => {
  const decode = (value: bigint): number => {
    const out = new Float64Array(1);
    decodePlainIntegers(new Uint8Array(BigInt64Array.of(value).buffer), out, 0, 1);
    return out[0]!;
  };
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat(63), (wide, shift) => {
      const value = wide >> BigInt(shift);
      if (Number.isSafeInteger(Number(value))) expect(decode(value)).toBe(Number(value));
      else expect(() => decode(value)).toThrow("beyond 2^53");
    }),
  );
});

describe("keys", () => {
  const dictionaryOf = (keys: readonly string[]): Uint8Array =>
    Uint8Array.from(keys.flatMap((key) => [utf8(key).length, 0, 0, 0, ...utf8(key)]));
  const decode = (keys: readonly string[], bytes: Uint8Array | number[], values: number): [string, number][] =>
    decodeKeys({
      dictionary: { encoding: ENCODING.plain, values: keys.length, bytes: dictionaryOf(keys) },
      data: [{ encoding: ENCODING.dictionary, values, bytes: Uint8Array.from(bytes) }],
    }).map(({ key, rows }) => [decodeText(key), rows]);

  test("runs of any length come back from indices", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 70 }), (lengths) => {
        const keys = lengths.map((_, i) => `k${String(i).padStart(3, "0")}`);
        const indices = lengths.flatMap((length, i) => Array<number>(length).fill(i));
        const writer = new ByteWriter();
        const width = Math.ceil(Math.log2(keys.length));
        writer.appendUint8(width);
        writeRleBitPackedHybrid(writer, indices, width);
        expect(decode(keys, writer.getBytes(), indices.length)).toEqual(keys.map((key, i) => [key, lengths[i]]));
      }),
    );
  });

  test.each<[string, string[], number[]]>([
    ["keys that descend", ["b", "a"], [1, 8, 0, 8, 1]],
    ["a key that comes again", ["a", "b"], [1, 4, 0, 4, 1, 8, 0]],
    ["an index outside the dictionary", ["a"], [1, 16, 1]],
    ["too long a run", ["a"], [0, 18]],
    ["an empty run", ["a"], [0, 0, 16]],
    ["an empty group", ["a"], [0, 1, 16]],
    ["too few values", ["a"], [0, 14]],
    ["bytes behind", ["a"], [0, 16, 0]],
    ["an index that is cut off", ["a"], [9, 16, 0]],
    ["indices of 21 bits", ["a"], [21, 16, 0, 0, 0]],
    ["an endless run", ["a"], [0, 255, 255, 255, 255, 255, 255]],
    ["nothing at all", ["a"], []],
  ])("%s are refused", (_, keys, bytes) => {
    expect(() => decode(keys, bytes, 8)).toThrow(RangeError);
  });

  test("a dictionary that is cut off, or too long, or of another encoding, is refused", () => {
    const bytes = dictionaryOf(["abc", "d"]);
    const page = (encoding: number, values: number, bytes: Uint8Array): unknown =>
      decodeKeys({ dictionary: { encoding, values, bytes }, data: [] });
    expect(() => page(ENCODING.plain, 2, bytes)).not.toThrow();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => page(ENCODING.plain, 2, bytes.subarray(0, length))).toThrow(RangeError);
    }
    expect(() => page(ENCODING.plain, 1, bytes)).toThrow("malformed");
    expect(() => page(ENCODING.delta, 2, bytes)).toThrow("encoding");
    expect(() => page(ENCODING.plain, 1, Uint8Array.of(255, 255, 255, 255, 97))).toThrow(RangeError);
  });

  test("order is that of bytes, and UTF-8 is taken exactly", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        expect(Math.sign(compareBytes(utf8(a), utf8(b)))).toBe(Math.sign(Buffer.compare(utf8(a), utf8(b))));
        expect(decodeText(utf8(a))).toBe(a);
      }),
    );
    expect(decodeText(utf8("\ufeffa"))).toBe("\ufeffa");
    expect(() => decodeText(Uint8Array.of(0xff))).toThrow("not UTF-8");
    expect(() => decodeText(Uint8Array.of(0xed, 0xa0, 0x80))).toThrow("not UTF-8");
  });
});
