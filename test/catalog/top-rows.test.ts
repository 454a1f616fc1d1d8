import fc from "fast-check";
import { expect, test } from "vitest";
import { TopRows } from "../../src/catalog/top-rows.ts";
import type { FilterRow } from "../../src/filter/filter-row.ts";
import { seededRandom } from "../seeded-random.ts";

type Row = FilterRow & { readonly at: number };
const row = (at: number): Row => ({ at }) as Row;
let compared = 0;
const compare = (a: FilterRow, b: FilterRow): number => {
  compared++;
  return (a as Row).at - (b as Row).at;
};

test("the first rows are kept, in order and each once, whatever the batches are", () => {
  const places = fc.array(fc.array(fc.nat(3000), { maxLength: 1500 }), { maxLength: 6 });
  fc.assert(
    fc.property(places, fc.integer({ min: 1, max: 2000 }), fc.option(fc.nat(2000)), (batches, most, after) => {
      const top = new TopRows<Row>(compare, most, after === null ? undefined : row(after));
      for (const batch of batches) top.add(batch.map(row));
      const all = [...new Set(batches.flat())].filter((at) => after === null || at > after);
      const expected = all.sort((a, b) => a - b).slice(0, most);
      expect(top.rows().map(({ at }) => at)).toEqual(expected);
    }),
  );
});

test("a batch never makes it sort all rows, however many are kept", () => {
  const random = seededRandom(7);
  const top = new TopRows<Row>(compare, 10_001, undefined);
  const all = Array.from({ length: 20_000 }, () => Math.floor(random() * 1e9));
  let most = 0;
  const measure = (work: () => void): void => {
    compared = 0;
    work();
    most = Math.max(most, compared);
  };
  for (let i = 0; i < all.length; i += 256) measure(() => top.add(all.slice(i, i + 256).map(row)));
  measure(() => void top.rows());
  expect(top.rows()).toHaveLength(10_001);
  // 1,024 rows are sorted with some 10,000 comparisons, and merged with two for each row that is kept.
  expect(most).toBeLessThan(40_000);
});
