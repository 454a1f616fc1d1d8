import { answer, isMain, runChild } from "./child.ts";
import { aggregateHistories, fsBackend, openLedger } from "./library.ts";
import { type Blocking, longestBlock } from "./longest-block.ts";
import { Random } from "./random.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median, rangeOf } from "./statistics.ts";
import { nanosecondsOf } from "./timing.ts";

const ROUNDS = 7;
const RUNS = 20;
const POINTS = 100_000;
const LIMIT_MS = 300;
const LONGEST_BLOCK_MS = 50;

interface Answer {
  readonly first: Blocking;
  readonly own: readonly Blocking[];
  /** ms. */
  readonly plain: readonly number[];
}

/** Statistics of a metric over runs. */
export async function aggregateRuns(): Promise<Section> {
  const { first, own, plain } = await withScratch(async (directory) => {
    // Another process than the one that reads: there, the first call counts.
    const ids = await runChild<string[]>("aggregate-runs.ts", ["write", directory]);
    return await runChild<Answer>("aggregate-runs.ts", ["read", directory, ...ids]);
  });
  const passed = own.map((each) => each.passed);
  const longest = Math.max(...own.map((each) => each.longest));
  const ms = (number: number): string => number.toFixed(1);
  return {
    title: "Statistics over runs",
    method:
      `${RUNS} finished runs of ${POINTS.toLocaleString("en")} points each on the fs backend, files in the disk cache; ${ROUNDS} rounds in one process after a first one. ` +
      "Ours: `aggregateHistories`, with three quantiles. The plain way: `history` of one run after the other, a Map from step to values, mean and deviation of each step without quantiles. " +
      "Reading is included in both.",
    table: [
      ["", "ms", "ours / theirs", "longest block of the event loop, ms"],
      ["**aggregateHistories**, first call of the process", ms(first.passed), "", ms(first.longest)],
      ["**later calls**", ms(median(passed)), "", ms(longest)],
      ["a Map of all steps", ms(median(plain)), rangeOf(passed, plain), ""],
    ],
    targets: [
      {
        what: `statistics over ${RUNS} runs x ${POINTS.toLocaleString("en")} points`,
        limit: `<= ${LIMIT_MS} ms`,
        measured: `${ms(median(passed))} ms`,
        met: median(passed) <= LIMIT_MS,
      },
      {
        what: "longest block of the event loop meanwhile, in the first call too",
        limit: `<= ${LONGEST_BLOCK_MS} ms`,
        measured: `${ms(Math.max(first.longest, longest))} ms`,
        met: Math.max(first.longest, longest) <= LONGEST_BLOCK_MS,
      },
    ],
  };
}

async function write(directory: string): Promise<string[]> {
  const ledger = await openLedger(fsBackend(directory));
  const ids: string[] = [];
  for (let r = 0; r < RUNS; r++) {
    const random = new Random(r);
    const run = await ledger.startRun();
    for (let step = 0; step < POINTS; step++) {
      run.log({ loss: Math.fround((1 + 3 * Math.exp(-step / 9000)) * Math.exp(0.08 * random.normal())) }, { step });
      if (step % 10_000 === 0) await run.flush();
    }
    await run.finish();
    ids.push(run.id);
  }
  return ids;
}

async function read(directory: string, ids: readonly string[]): Promise<Answer> {
  const ledger = await openLedger(fsBackend(directory));
  const own: Blocking[] = [];
  const plain: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    let means = new Float64Array(0);
    own.push(await longestBlock(async () => (means = (await aggregateHistories(ledger, ids, "loss")).mean.slice())));
    let expected: number[] = [];
    const theirs = (await nanosecondsOf(async () => (expected = await plainly(ledger, ids)))) / 1e6;
    for (const [i, mean] of means.entries())
      if (Math.abs(mean - expected[i]!) > 1e-12) throw new Error(`the mean at ${i} is ${mean}, not ${expected[i]}`);
    if (round > 0) plain.push(theirs);
  }
  return { first: own.shift()!, own, plain };
}

/** Returns the means, computed as one would without the function. */
async function plainly(ledger: Awaited<ReturnType<typeof openLedger>>, ids: readonly string[]): Promise<number[]> {
  const byStep = new Map<number, number[]>();
  for (const id of ids) {
    const { steps, values } = await ledger.history(id, "loss");
    for (let i = 0; i < steps.length; i++) {
      const at = byStep.get(steps[i]!);
      if (at) at.push(values[i]!);
      else byStep.set(steps[i]!, [values[i]!]);
    }
  }
  return [...byStep.keys()]
    .sort((a, b) => a - b)
    .map((step) => {
      const values = byStep.get(step)!;
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      if (Number.isNaN(Math.sqrt(squares / (values.length - 1)))) throw new Error(`no deviation at ${step}`);
      return mean;
    });
}

if (isMain(import.meta.url)) {
  const [, , task, directory = "", ...ids] = process.argv;
  answer(task === "write" ? await write(directory) : await read(directory, ids));
}
