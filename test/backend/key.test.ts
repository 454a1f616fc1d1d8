import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  MAX_KEY_BYTES,
  MAX_SEGMENT_BYTES,
  assertKey,
  assertPrefix,
  decodeSegment,
  encodeSegment,
} from "../../src/backend/key.ts";

const invalid = expect.objectContaining({ code: "INVALID_KEY" });

test.each([
  "",
  "/",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "a/../b",
  "../a",
  "a/.b",
  ".tmp-1",
  "a.",
  "a ",
  "a /b",
  "a\\b",
  "a:b",
  "a\0b",
  "a\nb",
  "a\u007fb",
  "a\u0085b",
  "con",
  "CON",
  "a/Aux.txt",
  "nul",
  "com1",
  "lpt9.log",
  "conin$",
  "e\u0301",
  "\ud800",
  "a\udc00b",
  "x".repeat(MAX_SEGMENT_BYTES + 1),
  "é".repeat(MAX_SEGMENT_BYTES / 2 + 1),
  "a/".repeat(MAX_KEY_BYTES / 2) + "a",
])("%j is not a key", (key) => {
  expect(() => assertKey(key)).toThrow(invalid);
  if (key !== "") expect(() => assertPrefix(key)).toThrow(invalid);
});

test.each([
  "a",
  "a/b",
  "a b/c",
  "console",
  "com",
  "com10",
  "a.b",
  "_",
  "-",
  "é",
  "😀",
  "x".repeat(MAX_SEGMENT_BYTES),
  "a/".repeat(400) + "a",
])("%j is a key", (key) => {
  assertKey(key);
  assertPrefix(key);
});

test("only a string is a key, and the empty prefix is a prefix", () => {
  for (const wrong of [undefined, null, 1, {}, ["a"]]) expect(() => assertKey(wrong as string)).toThrow(invalid);
  assertPrefix("");
});

const name = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom("a", "A", "=", "2", "e", ".", " ", "ß", "ſ", "K", "\u212a", "İ", "é", "e\u0301"),
    minLength: 1,
    maxLength: 6,
  }),
  fc.constantFrom(
    "con",
    "CON",
    "aux.txt",
    "nul",
    "com1",
    "..",
    ".",
    "a.",
    ".a",
    " ",
    "=2e",
    "=",
    "__proto__",
    "constructor",
  ),
);
const encoded = (text: string): string | undefined => {
  try {
    return encodeSegment(text, "name");
  } catch {
    return undefined;
  }
};

test("property: an encoded name is a key, in letters that no file system folds, and decodes to the name", () => {
  fc.assert(
    fc.property(name, (text) => {
      const segment = encoded(text);
      if (segment === undefined) return;
      assertKey(segment);
      expect(segment).toMatch(/^[a-z0-9_.=-]+$/);
      expect(decodeSegment(segment)).toBe(text.normalize("NFC"));
    }),
    { numRuns: 2000 },
  );
});

test("property: different names become different segments, also on file systems that ignore case", () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      const [first, second] = [encoded(a), encoded(b)];
      if (first === undefined || second === undefined) return;
      expect(first.toLowerCase() === second.toLowerCase()).toBe(a.normalize("NFC") === b.normalize("NFC"));
    }),
    { numRuns: 5000 },
  );
});

test.each(["", "a\nb", "\ud800", "x".repeat(241), "É".repeat(100)])("%j is refused as a name", (text) => {
  expect(() => encodeSegment(text, "experiment")).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "experiment" }),
  );
});
