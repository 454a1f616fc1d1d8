import { expect, test } from "vitest";
import { OverviewCollector } from "../../../src/series/overview/overview-writer.ts";
import { countYields } from "../../yields.ts";

const LENGTH = 300_000;

function slice(key: string, steps: Float64Array) {
  const values = Float64Array.from(steps, (step) => Math.sin(step));
  return { key, total: steps.length, steps, times: steps, values };
}

test("the overview of a long metric is made with breaks after at most 65,536 points", () => {
  const ascending = Float64Array.from({ length: LENGTH }, (_, i) => i);
  const collector = new OverviewCollector({ runId: "run", name: "overview" });
  const inOrder = countYields(collector.addInPieces(slice("a", ascending)));
  // For the order of the steps and for the buckets, and at least one for each of the two levels.
  expect(inOrder.yields).toBeGreaterThanOrEqual(2 * Math.floor(LENGTH / 65_536) + 2);
  const sorted = countYields(collector.addInPieces(slice("b", ascending.toReversed())));
  expect(sorted.yields).toBeGreaterThan(LENGTH / 4096);

  const alone = new OverviewCollector({ runId: "run", name: "overview" });
  countYields(alone.addInPieces(slice("a", ascending)));
  const reversed = new OverviewCollector({ runId: "run", name: "overview" });
  countYields(reversed.addInPieces(slice("a", ascending.toReversed())));
  // Sorted points give the same overview.
  expect(reversed.end()).toEqual(alone.end());
});
