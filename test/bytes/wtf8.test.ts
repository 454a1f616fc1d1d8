import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeWtf8 } from "../../src/bytes/wtf8.ts";

test("texts are encoded as UTF-8, with halves of surrogate pairs as three bytes", () => {
  expect([...encodeWtf8("a\ud800é\udfff😀\udc00")]).toEqual([
    0x61, 0xed, 0xa0, 0x80, 0xc3, 0xa9, 0xed, 0xbf, 0xbf, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xb0, 0x80,
  ]);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(encodeWtf8(text)).toEqual(new TextEncoder().encode(text));
    }),
  );
});

test("different sequences of UTF-16 code units have different bytes", () => {
  const units = fc.array(fc.constantFrom(0x41, 0xe9, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfffd), { maxLength: 5 });
  fc.assert(
    fc.property(units, units, (a, b) => {
      const [one, other] = [a, b].map((each) => encodeWtf8(String.fromCharCode(...each)).join());
      expect(one === other).toBe(a.join() === b.join());
    }),
  );
});
