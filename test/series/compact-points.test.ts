import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { decodeRunCreated } from "../../src/journal/read-run-beginning.ts";
import { listSegments } from "../journal/list-segments.ts";
import { readFolds } from "../../src/journal/run-state.ts";
import { inOneGo } from "../../src/platform/event-loop.ts";
import { runCreatedKey } from "../../src/journal/run-created.ts";
import { MetricsReader } from "../../src/parquet/metrics-reader.ts";
import { planKeys, planPasses } from "../../src/series/compaction-plan.ts";
import { PointsCompaction } from "../../src/series/compact-points.ts";
import { inStepOrder } from "../../src/series/series.ts";

const POINTS_A_PASS = 5000;

test("many passes and files give the same points as one: divided keys, shared row groups, two writers", async () => {
  const place = memoryBackend();
  const ledger = await openLedger(place);
  const run = await ledger.startRun({ environment: false });
  const other = await ledger.resumeRun(run.id);
  for (let i = 0; i < 18_000; i++) {
    run.log({ long: Math.sin(i), ...(i % 3 === 0 && { middle: i }) }, { step: i % 9000 });
    if (i % 100 === 0) other.log({ "a/short": i, long: -i }, { step: i });
  }
  await run.flush();
  await other.flush();
  const expected = await ledger.histories(run.id);

  const created = decodeRunCreated(await place.read(runCreatedKey(run.id)), run.id);
  const segments = await listSegments(place, run.id);
  const folds = await readFolds(place, created, segments);
  const ends = new Map(folds.map(({ writer, next }) => [writer, next]));
  const passes = planPasses(inOneGo(planKeys(folds)), POINTS_A_PASS);
  expect(passes.length).toBeGreaterThan(4);
  for (const pass of passes)
    expect(pass.reduce((sum, { from, to }) => sum + to - from, 0)).toBeLessThanOrEqual(POINTS_A_PASS);

  const progress: number[] = [];
  const compaction = await PointsCompaction.plan({ backend: place, runId: run.id, segments, ends }, folds, {
    pointsAPass: POINTS_A_PASS,
    fileBytes: 10_000,
    overviewName: "metrics.overview",
    onProgress: (points) => void progress.push(points),
  });
  const found = new Map<string, [number, number, number][]>();
  let files = 0;
  for await (const file of compaction.files()) {
    files++;
    const chunks: Uint8Array[] = [];
    for await (const chunk of file) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const reader = await MetricsReader.open(
      async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
      bytes.length,
      `file ${files}`,
    );
    for await (const { key, points } of reader.scan()) {
      const own = found.get(key) ?? [];
      found.set(key, own);
      for (const [i, value] of points.values.entries())
        own.push([points.steps[i] as number, points.times[i] as number, value]);
    }
  }
  expect(files).toBeGreaterThan(2);
  expect([...found.keys()]).toEqual(["a/short", "long", "middle"]);
  for (const [key, points] of found) {
    const column = (at: 0 | 1 | 2): Float64Array => Float64Array.from(points, (point) => point[at]);
    expect(inOneGo(inStepOrder({ steps: column(0), times: column(1), values: column(2) }))).toEqual(expected.get(key));
  }
  expect(progress.at(-1)).toBe(compaction.total);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  // In two passes and out of step order, so there is none of it; nor of the short ones.
  expect(compaction.overview()).toBeUndefined();
  await run.finish();
  await other.finish();
});
