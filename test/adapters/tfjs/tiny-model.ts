import * as tf from "@tensorflow/tfjs";

/** Two inputs, one output, weights of a seed, 12 samples. */
export const xs: tf.Tensor2D = tf.tensor2d(
  Array.from({ length: 24 }, (_, i) => Math.sin(i)),
  [12, 2],
);
export const ys: tf.Tensor2D = tf.tensor2d(
  Array.from({ length: 12 }, (_, i) => i % 2),
  [12, 1],
);

/** Returns a compiled model. `rate`: of Adam. */
export function tinyModel(rate = 0.1, optimizer: tf.Optimizer = tf.train.adam(rate)): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 3, inputShape: [2], kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }) }),
      tf.layers.dense({
        units: 1,
        activation: "sigmoid",
        kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
      }),
    ],
  });
  model.compile({ optimizer, loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** What every `fit` of the tests has: 3 batches an epoch. */
export const FIT = { epochs: 3, batchSize: 4, shuffle: false, verbose: 0 } as const;

/** The arguments of `fit`, as TF.js types them. */
export function fitArgs(more: tf.ModelFitArgs = {}): tf.ModelFitArgs {
  return { ...FIT, validationData: [xs, ys], ...more };
}
