import { constants, crc32 as zlibCrc32, deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GunzipModule } from "../../src/bytes/gunzip/gunzip.ts";
import * as node from "../../src/bytes/gunzip/node.ts";
import * as portable from "../../src/bytes/gunzip/portable.ts";

const modules: [string, GunzipModule][] = [
  ["node", node],
  ["portable", portable],
];

/** Comparing arrays of numbers one by one takes a hundred times as long. */
const same = (found: readonly Uint8Array[], expected: readonly Uint8Array[]): boolean =>
  found.length === expected.length && found.every((bytes, i) => Buffer.compare(bytes, expected[i]!) === 0);

const gzip = (bytes: Uint8Array, strategy = 0): Uint8Array => new Uint8Array(gzipSync(bytes, { strategy }));

describe.each(modules)("%s", (_, { gunzip, gunzipAll }) => {
  test("several at once are what they are one by one", () => {
    const contents = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 50 }),
        fc.nat(9000).map((n) => new Uint8Array(n)),
      ),
    );
    fc.assert(
      fc.property(contents, (all) => {
        const members = all.map((bytes) => ({ gzip: gzip(bytes), size: bytes.length }));
        expect(same(gunzipAll(members), all)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("several of which one is damaged, cut short or followed by more are refused", () => {
    const contents = [100, 3000, 7].map((n) => Uint8Array.from({ length: n }, (_, i) => (i * i) >> 2));
    const members = contents.map((bytes) => ({ gzip: gzip(bytes), size: bytes.length }));
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(2), (which, at, change, how) => {
        const { gzip: good, size } = members[which]!;
        const flipped = new Uint8Array(good);
        flipped[at % good.length]! ^= change;
        const bad = [flipped, good.subarray(0, at % good.length), Uint8Array.of(...good, change, 0, 1)][how]!;
        const all = members.with(which, { gzip: bad, size });
        let found: Uint8Array[];
        try {
          found = gunzipAll(all);
        } catch {
          return;
        }
        // Some bits of a header say nothing that matters.
        expect(same(found, contents)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("gives back what gzip took, of any size and strategy", () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(100_000).map((n) => new Uint8Array(n).fill(7)),
    );
    const strategy = fc.constantFrom(constants.Z_DEFAULT_STRATEGY, constants.Z_RLE, constants.Z_FIXED);
    fc.assert(
      fc.property(content, strategy, (bytes, strategy) => {
        for (const isChecked of [false, true]) {
          const result = gunzip(gzip(bytes, strategy), bytes.length, isChecked);
          expect(same([result], [bytes])).toBe(true);
        }
      }),
    );
  });

  test("refuses a member that holds more or less than stated", () => {
    const member = gzip(new Uint8Array(1000).fill(1));
    expect(gunzip(member, 1000)).toHaveLength(1000);
    for (const size of [0, 1, 999, 1001, 100_000]) {
      expect(() => gunzip(member, size), `${size}`).toThrow(Error);
      expect(() => gunzip(member, size, true), `${size}`).toThrow(Error);
    }
  });

  test("takes a member whose header has a name, or whose checksum is wrong, if it was checked", () => {
    const bytes = Uint8Array.from({ length: 500 }, (_, i) => i * i);
    const member = gzip(bytes);
    const named = Uint8Array.from([...member.subarray(0, 10), 97, 46, 98, 0, ...member.subarray(10)]);
    named[3] = 8;
    for (const isChecked of [false, true]) expect(Uint8Array.from(gunzip(named, 500, isChecked))).toEqual(bytes);
    member[member.length - 8]! ^= 1;
    expect(() => gunzip(member, 500)).toThrow(Error);
    expect(Uint8Array.from(gunzip(member, 500, true))).toEqual(bytes);
  });

  test("refuses a member cut off anywhere", () => {
    const member = gzip(Uint8Array.from({ length: 50 }, (_, i) => i * i));
    for (let length = 0; length < member.length; length++) {
      for (const isChecked of [false, true])
        expect(() => gunzip(member.subarray(0, length), 50, isChecked), `${length} bytes`).toThrow(Error);
    }
  });

  test("gives an error or the same bytes for each flipped bit", () => {
    const bytes = Uint8Array.from({ length: 60 }, (_, i) => (i % 7) * i);
    const member = gzip(bytes);
    let thrown = 0;
    for (let bit = 0; bit < member.length * 8; bit++) {
      const damaged = member.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      try {
        expect(same([gunzip(damaged, 60)], [bytes])).toBe(true);
      } catch (error) {
        if ((error as Error).name === "AssertionError") throw error;
        thrown++;
      }
    }
    expect(thrown).toBeGreaterThan((member.length - 10) * 8 - 16);
  });

  test("never inflates a bomb: a member that states the wanted size and holds far more", () => {
    const content = new Uint8Array(50_000_000);
    const trailer = new Uint8Array(8);
    new DataView(trailer.buffer).setUint32(0, zlibCrc32(content.subarray(0, 1000)), true);
    new DataView(trailer.buffer).setUint32(4, 999, true);
    const head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    const bomb = Uint8Array.from([...head, ...deflateRawSync(content), ...trailer]);
    expect(() => gunzip(bomb, 999)).toThrow(Error);
    // It may be cut off, since whoever checked it wrote it.
    try {
      expect(gunzip(bomb, 999, true)).toHaveLength(999);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
  });
});
