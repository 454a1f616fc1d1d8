import { expect, test } from "vitest";
import { toRunListing } from "../../src/journal/list-run.ts";
import { segmentKey } from "../../src/journal/segment.ts";
import { runDocumentKey } from "../../src/journal/run-document.ts";

test("a run may have more objects than a call takes arguments", () => {
  const segments = 150_000;
  const entries = Array.from({ length: segments }, (_, seq) => ({
    key: segmentKey("r", { writer: "w", seq, flushes: 1 }),
    size: 1,
  }));
  const documents = Array.from({ length: 130_000 }, (_, i) => ({ key: runDocumentKey("r", i + 1), size: 1 }));
  const listing = toRunListing([...entries, ...documents], "r");
  expect(listing).toMatchObject({ newestDocument: 130_000, fences: 0, lifecycle: 0 });
  expect(listing.writers.get("w")).toHaveLength(segments);
});

test("a name with more zeros than it needs, or in another place, is not that of an object of the run", () => {
  const size = 9;
  const strange = [
    "journal/w.0000001",
    "journal/w.1",
    "w.000001",
    "more/journal/w.000001",
    "run.0000.json",
    "run.0001.json",
    "run.00002.json",
    "more/run.0002.json",
    "metrics.00002.parquet",
    "metrics.0002.00001.parquet",
    "lifecycle/00001.json",
    "lifecycle/0000.json",
  ];
  const listing = toRunListing(
    strange.map((name) => ({ key: `runs/r/${name}`, size })),
    "r",
  );
  expect(listing).toEqual(toRunListing([], "r"));
  const usual = ["journal/w.1000000", "run.0002.json", "metrics.0001.0002.parquet", "metrics.10000.overview"];
  expect(
    toRunListing(
      usual.map((name) => ({ key: `runs/r/${name}`, size })),
      "r",
    ),
  ).toMatchObject({
    newestDocument: 2,
    writers: new Map([["w", [{ seq: 1_000_000 }]]]),
    metrics: [{ compaction: 1 }, { compaction: 10_000 }],
  });
});
