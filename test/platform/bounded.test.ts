import { expect, test } from "vitest";
import { mapBounded } from "../../src/platform/bounded.ts";
import { turnsDuring } from "../turns.ts";

test("others run while many items come without any pause", async () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  let doubled: number[] = [];
  const turns = await turnsDuring(async () => {
    doubled = await mapBounded(items, 4, undefined, async (item) => 2 * item);
  });
  expect(turns).toBeGreaterThan(20);
  expect(doubled).toEqual(items.map((item) => 2 * item));
});
