import fc from "fast-check";
import { expect, test } from "vitest";
import { SeriesBuilder } from "../../src/series/series.ts";
import { isInStepOrder, isInStepOrderInPieces, stepOrderInPieces } from "../../src/series/step-order.ts";
import { seededRandom } from "../seeded-random.ts";
import { countYields } from "../yields.ts";

/** The indices by step, equal steps in their order, as the engine's own sort gives them. */
function expected(steps: Float64Array): number[] {
  return [...steps.keys()].sort((a, b) => (steps[a] as number) - (steps[b] as number) || a - b);
}

test("steps in any order are sorted, and equal ones keep their order", () => {
  const lengths = fc.oneof(fc.nat(50), fc.constantFrom(4095, 4096, 4097, 8192, 12_289));
  fc.assert(
    fc.property(lengths, fc.nat(), fc.constantFrom(1, 10, 1e9), fc.boolean(), (length, seed, range, isNearly) => {
      const random = seededRandom(seed);
      const steps = Float64Array.from({ length }, (_, i) =>
        isNearly ? i - (random() < 0.001 ? 5000 : 0) : Math.floor(random() * range),
      );
      const { value } = countYields(stepOrderInPieces(steps));
      expect([...value]).toEqual(expected(steps));
      expect(countYields(isInStepOrderInPieces(steps)).value).toBe(isInStepOrder(steps));
    }),
    { numRuns: 60 },
  );
});

test("a step below the last one of the piece before is found", () => {
  const steps = Float64Array.from({ length: 70_000 }, (_, i) => i);
  for (const at of [65_535, 65_536, 65_537, 69_999]) {
    const wrong = steps.slice().fill(0, at, at + 1);
    expect(countYields(isInStepOrderInPieces(wrong)).value).toBe(false);
  }
  expect(countYields(isInStepOrderInPieces(steps)).value).toBe(true);
});

test("long series are sorted, and copied from what collects them, with breaks after at most 65,536 points", () => {
  const length = 500_000;
  const random = seededRandom(3);
  const steps = Float64Array.from({ length }, () => Math.floor(random() * length));
  // Each block, and each merge of up to 65,536 points.
  expect(countYields(stepOrderInPieces(steps)).yields).toBeGreaterThan(length / 4096);
  const builder = new SeriesBuilder();
  for (let i = 0; i < length; i++) builder.push(i, 2 * i, -i);
  const { value, yields } = countYields(builder.toSeries());
  expect(yields).toBe(Math.floor(length / 65_536));
  expect(builder.length).toBe(length);
  for (const i of [0, 63, 64, 65_535, 65_536, length - 1])
    expect([value.steps[i], value.times[i], value.values[i]]).toEqual([i, 2 * i, -i]);
});
