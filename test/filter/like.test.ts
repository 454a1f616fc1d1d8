import fc from "fast-check";
import { expect, test } from "vitest";
import { compileLike } from "../../src/filter/like.ts";
import { cases } from "../rounds.ts";

/** Matches by trying everything. */
function matches(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === "%")
    return Array.from({ length: text.length + 1 }, (_, i) => i).some((i) => matches(rest, text.slice(i)));
  return text.length > 0 && (first === "_" || first === text[0]) && matches(rest, text.slice(1));
}

test("like trying everything", () => {
  const pattern = fc.array(fc.constantFrom("a", "b", "%", "_", "😀", "\uD83D"), { maxLength: 6 });
  const text = fc.array(fc.constantFrom("a", "b", "%", "_", "😀", "\uDE00", "\n"), { maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      const joined = pattern.join("");
      expect(compileLike(joined, false)(text.join(""))).toBe(matches([...joined], [...text.join("")]));
    }),
    { numRuns: cases(20_000) },
  );
});

test.each([
  ["%", "", true],
  ["", "", true],
  ["", "a", false],
  ["a", "A", false],
  ["100%", "100 of them", true],
  ["_", "😀", true],
  ["__", "😀", false],
  ["a.c", "abc", false],
  ["[a-z]*", "abc", false],
  ["\\%", "\\x", true],
  ["%\n%", "a\nb", true],
])("%j LIKE %j: %s", (pattern, text, expected) => {
  expect(compileLike(pattern, false)(text)).toBe(expected);
});

test.each([
  ["ABC%", "abcd", true],
  ["straße", "STRASSE", false],
  ["STRAßE", "straße", true],
  ["ΟΔΌΣ", "οδός", true],
  ["%σ%", "ΟΔΟΣ", true],
  ["É_", "éa", true],
  ["İ", "i", false],
  ["_", "İ", true],
  ["ДА", "да", true],
])("%j ILIKE %j: %s", (pattern, text, expected) => {
  expect(compileLike(pattern, true)(text)).toBe(expected);
});

test("patterns that make regular expressions explode", () => {
  const text = "a".repeat(20_000);
  expect(compileLike(`${"%a".repeat(300)}%b`, false)(text)).toBe(false);
  expect(compileLike(`${"%a_".repeat(300)}%b`, false)(text)).toBe(false);
});
