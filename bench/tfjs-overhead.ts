import * as tf from "@tensorflow/tfjs";
import type { Run } from "../src/index.ts";
import { answer, isMain, runChild } from "./child.ts";
import { fsBackend, openLedger, tfCallback } from "./library.ts";
import { Random } from "./random.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median, ratio, rangeOf } from "./statistics.ts";
import { nanosecondsOf } from "./timing.ts";

const SAMPLES = 1792;
const PIXELS = 784;
const BATCH = 64;
const ROUNDS = 7;
/** How much of an epoch the callback may add. */
const LIMITS = { epochs: 0.02, batches: 0.06 } as const;

type Name = "without" | "epochs" | "batches";
/** ns of each epoch: passed, and of the processor. */
type Answer = Readonly<Record<Name, { readonly passed: number[]; readonly cpu: number[] }>>;

/** What the callback for TensorFlow.js adds to an epoch. */
export async function tfjsOverhead(): Promise<Section> {
  const found = await runChild<Answer>("tfjs-overhead.ts", []);
  const ms = (values: readonly number[]): string => (median(values) / 1e6).toFixed(1);
  const added = (name: "epochs" | "batches"): number => ratio(found[name].passed, found.without.passed).median - 1;
  const row = (head: string, name: Name): string[] => {
    const { passed, cpu } = found[name];
    const { without } = found;
    const ratios = name === "without" ? ["", ""] : [rangeOf(passed, without.passed), rangeOf(cpu, without.cpu)];
    return [head, ms(passed), ratios[0]!, ms(cpu), ratios[1]!];
  };
  return {
    title: "Training with TensorFlow.js",
    method:
      `A perceptron 784-64-10 and ${SAMPLES.toLocaleString("en")} samples in batches of ${BATCH}, on TF.js ${tf.version.tfjs} in plain JavaScript. ` +
      `One epoch of \`fit\` at a time, the contenders in turn, ${ROUNDS} rounds after a first one. The fs backend.`,
    table: [
      ["", "ms an epoch", "with / without", "ms of the processor", "with / without"],
      row("without a callback", "without"),
      row("**tfCallback(run, { tf, model })**", "epochs"),
      row("**tfCallback(run, { batches: 1 })**", "batches"),
    ],
    targets: [
      {
        what: "TensorFlow.js, an epoch with the callback",
        limit: `<= ${LIMITS.epochs * 100} % more`,
        measured: `${(added("epochs") * 100).toFixed(1)} %`,
        met: added("epochs") <= LIMITS.epochs,
      },
      {
        what: "the same, and every batch logged",
        limit: `<= ${LIMITS.batches * 100} % more`,
        measured: `${(added("batches") * 100).toFixed(1)} %`,
        met: added("batches") <= LIMITS.batches,
      },
    ],
  };
}

async function measure(): Promise<Answer> {
  return await withScratch(async (directory) => {
    const ledger = await openLedger(fsBackend(directory));
    const run: Run = await ledger.startRun();
    const random = new Random(7);
    const xs = tf.tensor2d(
      Float32Array.from({ length: SAMPLES * PIXELS }, () => random.uniform()),
      [SAMPLES, PIXELS],
    );
    const labels = Int32Array.from({ length: SAMPLES }, (_, i) => i % 10);
    const ys = tf.oneHot(tf.tensor1d(labels, "int32"), 10);
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 64, inputShape: [PIXELS], activation: "relu" }),
        tf.layers.dense({ units: 10, activation: "softmax" }),
      ],
    });
    model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    const epoch = async (callbacks: tf.CustomCallbackArgs | undefined): Promise<[passed: number, cpu: number]> => {
      const before = process.cpuUsage();
      const passed = await nanosecondsOf(() =>
        model.fit(xs, ys, { epochs: 1, batchSize: BATCH, verbose: 0, shuffle: false, ...(callbacks && { callbacks }) }),
      );
      const { user, system } = process.cpuUsage(before);
      return [passed, (user + system) * 1000];
    };
    const contenders = {
      without: () => epoch(undefined),
      epochs: () => epoch(tfCallback(run, { tf, model })),
      batches: () => epoch(tfCallback(run, { batches: 1 })),
    };
    const names = Object.keys(contenders) as Name[];
    const own = (): Answer[Name] => ({ passed: [], cpu: [] });
    const times: Answer = { without: own(), epochs: own(), batches: own() };
    for (let round = -1; round < ROUNDS; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(turn + round + names.length) % names.length]!;
        const [passed, cpu] = await contenders[name]();
        if (round < 0) continue;
        times[name].passed.push(passed);
        times[name].cpu.push(cpu);
      }
    }
    await run.finish();
    return times;
  });
}

if (isMain(import.meta.url)) answer(await measure());
