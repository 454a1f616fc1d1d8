import * as tf from "@tensorflow/tfjs";
import type { Run } from "../src/index.ts";
import { answer, isMain, runChild } from "./child.ts";
import { fsBackend, openLedger, tfCallback } from "./library.ts";
import { Random } from "./random.ts";
import { type Pairs, pairedRatio, runPairs } from "./paired.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { formatMedian, median } from "./statistics.ts";

const SAMPLES = 512;
const PIXELS = 784;
const BATCH = 64;
/** How many epochs with a callback are compared with one before or behind them that has none. */
const PAIRS = 60;
/** How much of an epoch the callback may add. */
const LIMITS = { epochs: 0.02, batches: 0.06 } as const;

type Answer = Readonly<Record<"epochs" | "batches", Pairs>>;

/** What the callback for TensorFlow.js adds to an epoch. */
export async function tfjsOverhead(): Promise<Section> {
  const found = await runChild<Answer>("tfjs-overhead.ts", []);
  const ms = (values: readonly number[]): string => (median(values) / 1e6).toFixed(1);
  const row = (head: string, pairs: Pairs): string[] => {
    const of = (which: "ours" | "theirs"): string => ms(pairs[which].map(({ passed }) => passed));
    return [
      head,
      of("ours"),
      of("theirs"),
      formatMedian(pairedRatio(pairs, "passed")),
      formatMedian(pairedRatio(pairs, "cpu")),
    ];
  };
  const target = (what: string, name: keyof Answer): Section["targets"][number] => {
    const added = pairedRatio(found[name], "passed").median - 1;
    return {
      what,
      limit: `<= ${LIMITS[name] * 100} % more`,
      measured: `${(added * 100).toFixed(1)} %`,
      met: added <= LIMITS[name],
    };
  };
  return {
    title: "Training with TensorFlow.js",
    method:
      `A perceptron 784-64-10 and ${SAMPLES.toLocaleString("en")} samples in batches of ${BATCH}, on TF.js ${tf.version.tfjs} in plain JavaScript. ` +
      `One epoch of \`fit\` at a time, ${PAIRS} pairs with and without a callback, which is first alternates. The fs backend. ` +
      "Ratios are medians of those of the pairs, with the 95 % confidence interval.",
    table: [
      ["", "ms an epoch", "ms without", "with / without", "the same of the processor"],
      row("**tfCallback(run, { tf, model })**", found.epochs),
      row("**tfCallback(run, { batches: 1 })**", found.batches),
    ],
    targets: [
      target("TensorFlow.js, an epoch with the callback", "epochs"),
      target("the same, and every batch logged", "batches"),
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
    const args = { epochs: 1, batchSize: BATCH, verbose: 0, shuffle: false } as const;
    const without = { work: () => model.fit(xs, ys, args) };
    const epochs = { work: () => model.fit(xs, ys, { ...args, callbacks: tfCallback(run, { tf, model }) }) };
    const batches = { work: () => model.fit(xs, ys, { ...args, callbacks: tfCallback(run, { batches: 1 }) }) };
    const found: Answer = {
      epochs: await runPairs(epochs, without, PAIRS),
      batches: await runPairs(batches, without, PAIRS),
    };
    await run.finish();
    return found;
  });
}

if (isMain(import.meta.url)) answer(await measure());
