import { Random } from "./random.ts";

export type WorkloadName = "W1" | "W2" | "W3";

/** A million metric values: every key has one in every row. Row `i` of each column belongs to `steps[i]` and `times[i]` (ms). */
export interface Workload {
  readonly name: WorkloadName;
  readonly keys: readonly string[];
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly columns: readonly Float64Array[];
}

/** One call of `log()`. */
export interface LogCall {
  readonly metrics: Record<string, number>;
  readonly at: { readonly step: number; readonly time: number };
}

/** What each workload is like. */
export const DESCRIPTIONS: Record<WorkloadName, string> = {
  W1: "10 keys x 100,000 rows, a training loop: 8 keys hold float32 values, 2 float64",
  W2: "the same 10 keys, all float64 noise down to the last bit",
  W3: "200 keys x 5,000 rows, statistics of each layer, all float32",
};

/** Digests of the data on V8; engines may differ in the last bit of `exp`, `log` and `cos`. */
const DIGESTS: Record<WorkloadName, string> = { W1: "54610712", W2: "f8676841", W3: "6e97a180" };

const TRAINING_KEYS = [
  "train/loss",
  "train/accuracy",
  "train/grad_norm",
  "train/lr",
  "train/perplexity",
  "perf/samples_per_sec",
  "train/epoch",
  "gpu/mem_mb",
  "train/loss_ema",
  "model/weight_norm",
];
const TRAINING_ROWS = 100_000;
const LAYERS = 50;
const LAYER_ROWS = 5000;
const f32 = Math.fround;

/** Makes a workload. Throws when the data is not what earlier measurements were made with. */
export function makeWorkload(name: WorkloadName): Workload {
  const workload = name === "W1" ? trainingInFloat32() : name === "W2" ? trainingInFloat64() : layerStatistics();
  const digest = digestOf(workload);
  if (digest !== DIGESTS[name]) throw new Error(`${name} has the digest ${digest} and not ${DIGESTS[name]}`);
  return workload;
}

/** The calls that log a workload, made beforehand so that making them is not measured. */
export function logCalls({ keys, steps, times, columns }: Workload): LogCall[] {
  return Array.from(steps, (step, i) => {
    const metrics: Record<string, number> = {};
    keys.forEach((key, k) => (metrics[key] = columns[k]![i]!));
    return { metrics, at: { step, time: times[i]! } };
  });
}

function trainingInFloat32(): Workload {
  const random = new Random(42);
  const state = { memory: 11_234, average: 4, weight: 40 };
  return training("W1", (i) => {
    const loss = f32(expectedLoss(i) * Math.exp(0.08 * random.normal()));
    return [
      loss,
      correctOf256(expectedAccuracy(i), random) / 256,
      f32(1.3 * Math.exp(0.35 * random.normal())),
      learningRate(i),
      f32(Math.exp(Math.min(loss, 20))),
      f32(5200 * (1 + 0.02 * random.normal())),
      Math.round((i / 1563) * 100) / 100,
      (state.memory = nextMemory(state.memory, random)),
      f32((state.average = state.average * 0.99 + loss * 0.01)),
      f32((state.weight += 2e-4 * (1 + 0.5 * random.normal()) * Math.exp(-i / 50_000))),
    ];
  });
}

function trainingInFloat64(): Workload {
  const random = new Random(77);
  const state = { memory: 11_234, average: 4, weight: 40 };
  return training("W2", (i) => {
    const loss = expectedLoss(i) * Math.exp(0.08 * random.normal());
    return [
      loss,
      expectedAccuracy(i) + 0.02 * random.normal(),
      1.3 * Math.exp(0.35 * random.normal()),
      learningRate(i) * (1 + 1e-3 * random.normal()),
      Math.exp(loss) * (1 + 1e-6 * random.normal()),
      5200 * (1 + 0.02 * random.normal()),
      (i / 1563) * (1 + 1e-9 * random.normal()),
      (state.memory = nextMemory(state.memory, random)) * (1 + 1e-3 * random.normal()),
      (state.average = state.average * 0.99 + loss * 0.01),
      (state.weight += 2e-4 * (1 + 0.5 * random.normal()) * Math.exp(-i / 50_000)),
    ];
  });
}

function training(name: WorkloadName, row: (i: number) => readonly number[]): Workload {
  const columns = TRAINING_KEYS.map(() => new Float64Array(TRAINING_ROWS));
  for (let i = 0; i < TRAINING_ROWS; i++) row(i).forEach((value, k) => (columns[k]![i] = value));
  return { name, keys: TRAINING_KEYS, columns, ...clock(TRAINING_ROWS, 55) };
}

function layerStatistics(): Workload {
  const random = new Random(1234);
  const keys: string[] = [];
  const columns: Float64Array[] = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    for (const statistic of ["grad_norm", "weight_norm", "act_mean", "act_std"] as const) {
      let weight = 5 + 10 * random.uniform();
      const mean = random.normal();
      const value = {
        grad_norm: (i: number) => 0.5 * Math.exp(0.4 * random.normal()) * (0.3 + Math.exp(-i / 1500)),
        weight_norm: (i: number) => (weight += 1e-3 * (1 + 0.5 * random.normal()) * Math.exp(-i / 2000)),
        act_mean: () => 0.1 * mean + 0.01 * random.normal(),
        act_std: () => 1 + 0.05 * random.normal(),
      }[statistic];
      keys.push(`layers/${layer}/${statistic}`);
      columns.push(Float64Array.from({ length: LAYER_ROWS }, (_, i) => f32(value(i))));
    }
  }
  return { name: "W3", keys, columns, ...clock(LAYER_ROWS, 220) };
}

/** Two decays towards a floor, one fast and one slow. */
function expectedLoss(i: number): number {
  return 0.35 + 3.6 * Math.exp(-i / 9000) + 0.4 * Math.exp(-i / 60_000);
}

function expectedAccuracy(i: number): number {
  return 0.97 - 0.9 * Math.exp(-i / 12_000);
}

/** Up to 3e-4 in 2,000 rows, then down along half a cosine. */
function learningRate(i: number): number {
  if (i < 2000) return (3e-4 * (i + 1)) / 2000;
  return 1.5e-4 * (1 + Math.cos((Math.PI * (i - 2000)) / (TRAINING_ROWS - 2000)));
}

/** How many of a batch of 256 were right: the binomial, approximately. */
function correctOf256(p: number, random: Random): number {
  const correct = Math.round(256 * p + Math.sqrt(256 * p * (1 - p)) * random.normal());
  return Math.max(0, Math.min(256, correct));
}

/** Megabytes in use; another number once in 500 rows. */
function nextMemory(memory: number, random: Random): number {
  return random.uniform() < 0.002 ? 11_000 + Math.round(900 * random.uniform()) : memory;
}

/** A row every `period` ms or so, a stall now and then, and a pause of 9 s every 5,000 rows. */
function clock(rows: number, period: number): { steps: Float64Array; times: Float64Array } {
  const random = new Random(7);
  let now = Date.UTC(2026, 0, 1);
  const times = Float64Array.from({ length: rows }, (_, i) => {
    let passed = period * (1 + 0.06 * random.normal());
    if (random.uniform() < 0.002) passed += 200 + 800 * random.uniform();
    if (i % 5000 === 4999) passed += 9000 + 500 * random.normal();
    now += Math.max(1, passed);
    return Math.round(now);
  });
  return { steps: Float64Array.from(times.keys()), times };
}

/** FNV-1a, 32 bits, over names, steps, times and columns. */
function digestOf({ keys, steps, times, columns }: Workload): string {
  let hash = 0x811c9dc5;
  const parts = [new TextEncoder().encode(keys.join("\n")), steps, times, ...columns];
  for (const { buffer, byteOffset, byteLength } of parts) {
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
