import type { CatalogRow } from "../src/catalog/catalog-row.ts";
import { encodeTime } from "../src/ledger/random-ids.ts";
import type { MetricSummary, Point } from "../src/journal/metric-summary.ts";
import { Random } from "./random.ts";

export const EXPERIMENT = "search";
const WIDE = { params: 30, metrics: 50 };
const START = 1_700_000_000_000;
const OPTIMIZERS = ["adam", "sgd", "rmsprop"];

/** Finished runs, one a minute: of three params one is a real number, one an integer below 100, one of three words. */
export function* catalogRuns(count: number, wide: { params: number; metrics: number } = WIDE): Generator<CatalogRow> {
  const random = new Random(7);
  const whole = (below: number): number => Math.floor(random.uniform() * below);
  for (let i = 0; i < count; i++) {
    const startTime = START + i * 60_000;
    const params: Record<string, number | string> = {};
    for (let p = 0; p < wide.params; p++)
      params[`p${p}`] = p % 3 === 0 ? random.uniform() : p % 3 === 1 ? whole(100) : OPTIMIZERS[whole(3)]!;
    const metrics: Record<string, MetricSummary> = {};
    for (let m = 0; m < wide.metrics; m++) metrics[`m${m}`] = summary(random, startTime);
    yield {
      record: {
        id: `${encodeTime(startTime)}${String(i).padStart(16, "0")}`,
        name: `run ${i}`,
        experiment: EXPERIMENT,
        status: "finished",
        startTime,
        lastActivity: startTime,
        endTime: startTime + whole(3_600_000),
        params,
        tags: { stage: i % 2 === 0 ? "train" : "tune" },
        metrics,
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

function summary(random: Random, startTime: number): MetricSummary {
  const point = (value: number): Point => ({
    value,
    step: Math.floor(random.uniform() * 1000),
    time: startTime + Math.floor(random.uniform() * 1_000_000),
  });
  const [a, b, c] = Float64Array.of(random.normal(), random.normal(), random.normal()).sort() as unknown as number[];
  return { last: point(b!), min: point(a!), max: point(c!), best: point(a!), mean: (a! + b! + c!) / 3, count: 1000 };
}
