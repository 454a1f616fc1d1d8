import { expect, test } from "vitest";
import { catalogRuns, EXPERIMENT } from "../../bench/catalog-runs.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { experimentPrefix } from "../../src/catalog/catalog-entry.ts";
import { SegmentCache } from "../../src/catalog/segment-cache.ts";
import { storeRows } from "../../src/catalog/segment-write.ts";
import { openLedger } from "../../src/index.ts";
import { inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";

// What goes over the wire is counted, retries and pages of listings included.
test.each([
  { runs: 10_000, wide: { params: 30, metrics: 50 }, most: 12 },
  { runs: 100_000, wide: { params: 3, metrics: 8 }, most: 40 },
])(
  "filter, sort and the first 20 of $runs runs take at most $most requests",
  { timeout: 280_000 },
  async ({ runs, wide, most }) => {
    const server = realS3();
    let requests = 0;
    const counting: typeof fetch = (...request) => {
      requests++;
      return fetch(...request);
    };
    const backend = s3Backend(inBucket(server, await makeBucket(server), { fetch: counting }));
    await openLedger(backend);
    let made = 0;
    const context = { backend, segments: new SegmentCache(backend), newId: () => `s-${made++}`, onError: () => {} };
    const rows = async function* () {
      yield* catalogRuns(runs, wide);
    };
    await storeRows(context, experimentPrefix(EXPERIMENT), 1, rows(), undefined);
    const costs: number[] = [];
    for (const query of [
      { experiment: EXPERIMENT, filter: "params.p1 = 7 AND metrics.m3 < 0.5", orderBy: "metrics.m7 DESC" },
      { filter: "params.p0 > 0.5", orderBy: ["params.p2", "metrics.m1.min"] },
      { experiment: EXPERIMENT },
    ]) {
      // A ledger that has read nothing yet.
      const ledger = await openLedger(backend);
      requests = 0;
      const found = await ledger.searchRuns({ ...query, limit: 20 });
      expect(found.runs).toHaveLength(20);
      expect(requests).toBeLessThanOrEqual(most);
      costs.push(requests);
    }
    console.info(`requests of searches over ${runs} runs in ${made} segments: ${costs.join(", ")}`);
  },
);
