import * as tf from "@tensorflow/tfjs";
import { openLedger } from "runledger";
import { opfsBackend } from "runledger/backends/opfs";
import { mix, tfCallback } from "runledger/tfjs";

// Trains a network for one epoch at a time, with or without callbacks, as `tfjs-chromium.ts` asks.

const PIXELS = 784;
const greys = new Uint8Array(await (await fetch("/digits")).arrayBuffer());
const count = greys.length / PIXELS;
const xs = tf.tensor4d(
  Float32Array.from(greys, (grey) => grey / 255),
  [count, 28, 28, 1],
);
const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
const ys = tf.oneHot(tf.tensor1d(labels, "int32"), 10).toFloat();

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [28, 28, 1], kernelSize: 5, filters: 8, activation: "relu" }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 10, activation: "softmax" }),
  ],
});
model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });

const backend = await opfsBackend();
const ledger = await openLedger(backend);
const run = await ledger.startRun();

/** The script of tfjs-vis, which puts this into the page. */
interface Visor {
  readonly show: {
    fitCallbacks(
      container: object,
      metrics: readonly string[],
      options?: { readonly callbacks: readonly string[] },
    ): object;
  };
}
const place = { name: "Training", tab: "Training" };
const visor = (callbacks: readonly string[]): object =>
  (globalThis as unknown as { tfvis: Visor }).tfvis.show.fitCallbacks(place, ["loss", "acc"], { callbacks });

const CALLBACKS: Record<string, () => object | undefined> = {
  none: () => undefined,
  epochs: () => tfCallback(run, { tf, model }),
  yield: () => mix(tfCallback(run, { tf, batches: "yield" }), { tf, model }),
  batches: () => mix(tfCallback(run, { tf, batches: 1 }), { tf, model }),
  "vis-epochs": () => visor(["onEpochEnd"]),
  "vis-batches": () => visor(["onEpochEnd", "onBatchEnd"]),
};

const calls = {
  facts: () => ({ backend: tf.getBackend(), version: tf.version.tfjs, storage: backend.storage, images: count }),

  async epoch(name: string): Promise<void> {
    await model.fit(xs, ys, {
      epochs: 1,
      batchSize: 32,
      verbose: 0,
      shuffle: false,
      callbacks: CALLBACKS[name]!() as tf.CustomCallbackArgs,
    });
  },

  async finish(): Promise<number> {
    await run.finish();
    return (await ledger.history(run.id, "batch/loss")).values.length;
  },
};

Object.assign(globalThis, { calls });
