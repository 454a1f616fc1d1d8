import { expect, test } from "vitest";
import { addedBytes, textsOf } from "../../src/git/patch/binary-text.ts";

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");

test("texts of a file in UTF-16 with a mark, in both orders", () => {
  const text = `käse\tpassword = x\n${"long ".repeat(2000)}`;
  expect(textsOf(utf16(`\uFEFF${text}`))).toContain(text);
  expect(textsOf(utf16(`\uFEFF${text}`).swap16())).toContain(text);
});

test("texts among other bytes, from any offset", () => {
  const before = Buffer.from([7, 200, 3]);
  expect(textsOf(Buffer.concat([before, Buffer.from("some text"), before]))).toContain("some text");
  for (const wide of [utf16("some text"), utf16("some text").swap16()])
    for (const start of [before, before.subarray(1)])
      expect(textsOf(Buffer.concat([start, wide, before]))).toContain("some text");
});

test("what a delta adds, without its instructions", () => {
  const copy = [0x80 | 0x01 | 0x10, 5, 40];
  const insert = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const delta = [0x80, 2, 200, 1, ...copy, ...insert("a".repeat(127)), ...insert("bcd"), ...copy, ...insert("e")];
  expect(Buffer.from(addedBytes(Uint8Array.from(delta))).toString()).toBe(`\u0001${"a".repeat(127)}bcd\u0001e`);
  expect(addedBytes(Uint8Array.from([200, 200]))).toEqual(new Uint8Array());
});
