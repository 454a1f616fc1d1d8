import type { Backend } from "../src/index.ts";
import { experimentPrefix } from "../src/catalog/catalog-entry.ts";
import { SegmentCache } from "../src/catalog/segment-cache.ts";
import type { CatalogRow } from "../src/catalog/catalog-row.ts";
import { storeRows } from "../src/catalog/segment-write.ts";
import { encodeTime } from "../src/ledger/random-ids.ts";
import { memoryBackend, openLedger } from "./library.ts";
import { ModelledBackend, OBJECT_STORE } from "./modelled-backend.ts";
import { Random } from "./random.ts";
import type { Section } from "./report.ts";

/** Runs, and experiments that they are divided among. */
const CASES = [
  [1_000, 1],
  [10_000, 1],
  [100_000, 1],
  [1_000_000, 1],
  [100_000, 10],
  [100_000, 100],
] as const;

/** A search over ever more runs, as an object store would answer it: requests and bytes counted, time by a model. */
export async function scaling(): Promise<Section> {
  const { latencyMs, bytesPerMs, connections } = OBJECT_STORE;
  const table = [
    ["runs", "experiments", "search", "segments", "requests", "MB read", "s by the model", "again: requests"],
  ];
  for (const [runs, experiments] of CASES) {
    const inner: Backend = memoryBackend();
    await openLedger(inner);
    const segments = await writeSegments(inner, runs, experiments);
    const model = new ModelledBackend(inner, OBJECT_STORE);
    for (const [name, query] of Object.entries(QUERIES)) {
      // A ledger that has read nothing yet.
      const ledger = await openLedger(model.backend);
      model.reset();
      const ask = async () => await ledger.searchRuns({ ...query, ...(name !== "all" && { experiment: "e0" }) });
      const { runs: found } = await ask();
      if (found.length !== query.limit) throw new Error(`${found.length} runs found`);
      const row = [model.requests, model.bytes / 1e6, model.now / 1000].map((value, i) => value.toFixed(i));
      model.reset();
      await ask();
      table.push([String(runs), String(experiments), LABELS[name]!, String(segments), ...row, String(model.requests)]);
    }
  }
  return {
    title: "Searches by the number of runs",
    method:
      "Compacted runs of 3 params and 2 metrics in memory, asked as an object store: requests and bytes are counted, a listing is one request a 1,000 keys; " +
      `the time is that of a model: ${latencyMs} ms a request, ${connections} at a time, ${(bytesPerMs / 1000).toFixed(0)} MB/s each, our own work left out. ` +
      "The last column: the same search again, by a ledger that knows the segments.",
    table,
    targets: [],
  };
}

const QUERIES = {
  newest: { limit: 20 },
  best: { filter: "params.lr > 0.5", orderBy: "metrics.loss", limit: 20 },
  rare: { filter: "params.seed < 20", limit: 20 },
  all: { filter: "params.lr > 0.5", orderBy: "metrics.loss", limit: 20 },
};
const LABELS: Record<string, string> = {
  newest: "the newest 20 of an experiment",
  best: "filter, sort, the best 20 of an experiment",
  rare: "20 that only one segment may have, by its statistics",
  all: "filter, sort, the best 20 of all experiments",
};

/** Stores compacted runs. Returns the number of segments. */
export async function writeSegments(backend: Backend, runs: number, experiments: number): Promise<number> {
  let made = 0;
  const context = { backend, segments: new SegmentCache(backend), newId: () => `bench-${made++}`, onError: () => {} };
  for (let e = 0; e < experiments; e++) {
    const rows = async function* () {
      yield* rowsOf(e, runs / experiments);
    };
    await storeRows(context, experimentPrefix(`e${e}`), 1, rows(), undefined);
  }
  return made;
}

function* rowsOf(e: number, count: number): Generator<CatalogRow> {
  const experiment = `e${e}`;
  const random = new Random(11 + e);
  for (let i = 0; i < count; i++) {
    const startTime = 1_700_000_000_000 + (e * count + i) * 1000;
    const point = { value: random.uniform(), step: 1000, time: startTime };
    const metric = { last: point, min: point, max: point, mean: point.value, count: 1 };
    const params = { lr: random.uniform(), model: ["cnn", "mlp"][i % 2], seed: i };
    yield {
      record: {
        id: `${encodeTime(startTime)}${experiment}-${i}`,
        name: `run ${i}`,
        experiment,
        status: "finished",
        startTime,
        lastActivity: startTime,
        endTime: startTime + 500,
        params,
        tags: {},
        metrics: { loss: metric, accuracy: metric },
        metricDefinitions: {},
        artifacts: [],
        inputs: [],
        datasets: [],
        dropped: 0,
        damage: [],
      },
      document: 1,
      marker: 0,
    };
  }
}
