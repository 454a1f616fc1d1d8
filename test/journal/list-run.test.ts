import { expect, test } from "vitest";
import { toRunListing } from "../../src/journal/list-run.ts";
import { segmentKey } from "../../src/journal/segment.ts";
import { runDocumentKey } from "../../src/journal/run-document.ts";

test("a run may have more objects than a call takes arguments", () => {
  const segments = 150_000;
  const entries = Array.from({ length: segments }, (_, seq) => ({
    key: segmentKey("r", { writer: "w", seq }),
    size: 1,
  }));
  const documents = Array.from({ length: 130_000 }, (_, i) => ({ key: runDocumentKey("r", i + 1), size: 1 }));
  const listing = toRunListing([...entries, ...documents], "r");
  expect(listing).toMatchObject({ newestDocument: 130_000, documents: 130_000, fences: 0, lifecycle: 0 });
  expect(listing.writers.get("w")).toHaveLength(segments);
});
