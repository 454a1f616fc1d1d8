import fc from "fast-check";
import { expect, test } from "vitest";
import { inOneGo } from "../../src/platform/event-loop.ts";
import { sortInPieces } from "../../src/platform/sort-in-pieces.ts";

test("a list sorted in pieces is the list sorted at once, and equal items keep their order", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 1, 2047, 2048, 2049, 4096, 5000, 10_000),
      fc.integer({ min: 1, max: 20_000 }),
      (n, m) => {
        const items = Array.from({ length: n }, (_, i) => ({ key: (i * 7919) % m, i }));
        const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key;
        expect(inOneGo(sortInPieces(items, compare))).toEqual(items.toSorted(compare));
      },
    ),
    { numRuns: 20 },
  );
});
