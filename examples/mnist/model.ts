import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { type Digits, PIXELS } from "./digits.ts";

/** What one run is trained with. */
export interface Settings {
  readonly hidden: number;
  readonly learningRate: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** How many digits there are, those for validation included. */
  readonly images: number;
  readonly seed: number;
}

/** TF.js on its WebAssembly backend, which is part of the npm package: nothing is downloaded, nothing is compiled. */
export async function startTensorFlow(): Promise<string> {
  const home = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  setWasmPaths(`${home}/dist/`);
  await tf.setBackend("wasm");
  await tf.ready();
  return `${tf.getBackend()} (TF.js ${tf.version.tfjs})`;
}

/** A perceptron with one hidden layer, its weights drawn with the seed. */
export function buildModel(settings: Settings): tf.LayersModel {
  const { hidden, seed } = settings;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [PIXELS],
        units: hidden,
        activation: "relu",
        kernelInitializer: tf.initializers.heNormal({ seed }),
      }),
      tf.layers.dense({
        units: 10,
        activation: "softmax",
        kernelInitializer: tf.initializers.glorotNormal({ seed: seed + 1 }),
      }),
    ],
  });
  return compile(model, settings.learningRate);
}

/** A loaded model has to be compiled again before it can be evaluated. */
export function compile(model: tf.LayersModel, learningRate: number): tf.LayersModel {
  model.compile({
    optimizer: tf.train.adam(learningRate),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

/** Share of the images that the model names right, computed as `fit` does for its validation data. */
export async function accuracyOf(model: tf.LayersModel, digits: Digits, batchSize: number): Promise<number> {
  const [loss, accuracy] = model.evaluate(digits.images, digits.labels, { batchSize }) as [tf.Scalar, tf.Scalar];
  const value = (await accuracy.data())[0] as number;
  tf.dispose([loss, accuracy]);
  return value;
}
