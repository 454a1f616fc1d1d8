import fc from "fast-check";
import { unconvertStatistics } from "hyparquet-writer/src/unconvert.js";
import { expect, test } from "vitest";
import { compareBytes } from "../../src/bytes/utf8-order.ts";
import { shortBounds } from "../../src/parquet/statistics.ts";
import { cases } from "../rounds.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const HIGHEST = "\u{10ffff}";
const character = fc.oneof(
  fc.constantFrom(
    "a",
    "\x7f",
    "\x80",
    "\u07ff",
    "\u0800",
    "\ud7ff",
    "\ue000",
    "\ufeff",
    "\uffff",
    "\u{10000}",
    HIGHEST,
  ),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);
const text = fc.string({ unit: character, maxLength: 12 });

test("bounds are short, in order and UTF-8, like those of hyparquet-writer", () => {
  fc.assert(
    fc.property(text, text, fc.integer({ min: 4, max: 16 }), (a, b, most) => {
      const [min, max] = [utf8(a), utf8(b)];
      const bounds = shortBounds(min, max, most);
      expect(compareBytes(bounds.min!, min)).toBeLessThanOrEqual(0);
      expect(compareBytes(bounds.max!, max)).toBeGreaterThanOrEqual(0);
      expect(bounds.min!.length).toBeLessThanOrEqual(most);
      const fatal = new TextDecoder("utf-8", { fatal: true });
      expect(() => [bounds.min, bounds.max].map((bound) => fatal.decode(bound))).not.toThrow();
      expect(bounds.minExact ?? true).toBe(compareBytes(bounds.min!, min) === 0);
      expect(bounds.maxExact ?? true).toBe(compareBytes(bounds.max!, max) === 0);
      const element = { name: "a", type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
      const theirs = unconvertStatistics({ min_value: a, max_value: b }, element, most);
      expect([bounds.min, bounds.max]).toEqual([theirs["field_6"], theirs["field_5"]]);
    }),
    { numRuns: cases(2000) },
  );
});

test("a text with nothing short above it stays whole", () => {
  const max = utf8(HIGHEST.repeat(20));
  expect(shortBounds(max, max, 64)).toEqual({ min: max.subarray(0, 64), minExact: false, max });
});
