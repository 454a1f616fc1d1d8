import { expect, onTestFinished, test, vi } from "vitest";
import { MetricsReader } from "../../src/parquet/metrics-reader.ts";
import { metricsFile, type Series } from "./fixtures.ts";

const ROWS = 17_000;
/** Never goes back, because the time of the last break outlives a test. */
let now = 1e9;

/** A file with a long row group for each key. */
function longFile(keys: readonly string[]): Uint8Array {
  const steps = Array.from({ length: ROWS }, (_, i) => i);
  return metricsFile(keys.map((key): Series[] => [{ key, steps, times: steps, values: steps }]));
}

async function opened(file: Uint8Array): Promise<MetricsReader> {
  return await MetricsReader.open(async (at, length) => file.slice(at, at + length), file.length, "file");
}

/** Returns the most row groups that `work` decodes in one turn of the event loop, and how many it decodes in all. */
async function groupsATurn(work: (decoded: () => void) => Promise<void>): Promise<{ most: number; all: number }> {
  // Decoding takes so long that each row group is due to wait.
  vi.spyOn(performance, "now").mockImplementation(() => (now += 30));
  onTestFinished(() => void vi.restoreAllMocks());
  let [most, all, inTurn, isDone] = [0, 0, 0, false];
  const turns = async (): Promise<void> => {
    while (!isDone) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      inTurn = 0;
    }
  };
  const decoded = (): void => {
    all++;
    most = Math.max(most, ++inTurn);
  };
  await Promise.all([work(decoded).finally(() => (isDone = true)), turns()]);
  return { most, all };
}

test("other work runs between two long row groups of a file", async () => {
  const reader = await opened(longFile(["a", "b", "c", "d"]));
  const counted = await groupsATurn(async (decoded) => {
    for await (const _ of reader.scan()) decoded();
  });
  expect(counted).toEqual({ most: 1, all: 4 });
});

test("other work runs between the row groups of many files that are read at once", async () => {
  const readers = await Promise.all(Array.from({ length: 8 }, () => opened(longFile(["a"]))));
  const counted = await groupsATurn(async (decoded) => {
    await Promise.all(readers.map(async (reader) => await reader.points(undefined).then(decoded)));
  });
  expect(counted).toEqual({ most: 1, all: 8 });
});
