import * as tf from "@tensorflow/tfjs";
import type { Ledger } from "runledger";
import { imageOf, numbersOf, watch } from "runledger/tfjs";
import { loadDigits } from "./digits.ts";

/** What a run is trained with. */
export interface Settings {
  readonly learningRate: number;
  readonly epochs: number;
  /** How many digits, those for validation included. */
  readonly images: number;
}

/** Trains a small convolutional network and tracks it. `onStart` gets the id of the run, `onEpoch` a line to show. */
export async function train(
  ledger: Ledger,
  settings: Settings,
  told: { readonly signal: AbortSignal; onStart(id: string): void; onEpoch(text: string): void },
): Promise<void> {
  const { learningRate, epochs, images } = settings;
  const digits = loadDigits(images);
  const params = { optimizer: { name: "adam", learningRate }, epochs, images };
  const name = `adam ${learningRate}`;
  await ledger.withRun({ experiment: "digits", name, params }, async (run) => {
    told.onStart(run.id);
    const model = buildModel(learningRate);
    const began = performance.now();
    const unwatch = watch(model, run, {
      tf,
      batches: 1,
      callbacks: {
        onEpochEnd: async (epoch, logs) => {
          if (told.signal.aborted) model.stopTraining = true;
          const left = ((performance.now() - began) / (epoch + 1)) * (epochs - epoch - 1);
          const accuracy = logs?.["val_acc"]?.toFixed(4);
          const rest = left > 0 ? `, ${Math.ceil(left / 1000)} s left` : "";
          told.onEpoch(`epoch ${epoch + 1} of ${epochs}, validation accuracy ${accuracy}${rest}`);
          const kernel = model.getWeights()[0] as tf.Tensor4D;
          await run.logImage("filters", await imageOf(tf.tidy(() => asImage(kernel))), { step: epoch });
          await run.logHistogram("weights", await numbersOf(kernel), { step: epoch });
          await run.flush();
        },
      },
    });
    await model.fit(digits.train.images, digits.train.labels, {
      epochs,
      batchSize: 32,
      validationData: [digits.validation.images, digits.validation.labels],
      verbose: 0,
    });
    unwatch();
    tf.dispose([digits.train.images, digits.train.labels, digits.validation.images, digits.validation.labels]);
    model.dispose();
  });
}

function buildModel(learningRate: number): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [28, 28, 1], kernelSize: 5, filters: 8, activation: "relu" }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(learningRate), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** Returns the filters side by side, as greys from 0 to 1: eight of 5 x 5 give an image of 5 x 48. */
function asImage(kernel: tf.Tensor4D): tf.Tensor2D {
  const [least, greatest] = [kernel.min(), kernel.max()];
  const greys = kernel.sub(least).div(greatest.sub(least)).squeeze([2]) as tf.Tensor3D;
  const filters = tf.unstack(greys, 2).flatMap((filter) => [filter, tf.ones([filter.shape[0] as number, 1])]);
  return tf.concat(filters, 1) as tf.Tensor2D;
}
