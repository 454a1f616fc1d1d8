/** A process of the sweep: trains the trials that it gets as messages, until its parent is gone. */
import * as tf from "@tensorflow/tfjs";
import { openLedger } from "runledger/node";
import { checkpoint, mix, resumeTraining, tfCallback } from "runledger/tfjs";
import { loadIris } from "./iris.ts";
import type { Settings } from "./settings.ts";

/** What to train. */
export interface Job {
  /** Id of the run. */
  readonly id: string;
  /** Id of the run of the sweep. */
  readonly sweep: string;
  /** Until which epoch. */
  readonly epochs: number;
  readonly settings: Settings;
}

const ledger = await openLedger(process.argv[2] as string);
const { train, validation } = loadIris();

/** Trains from the last checkpoint of the trial on, if there is one. */
async function trainTrial({ id, sweep, epochs, settings }: Job): Promise<void> {
  const start = { id, resume: "allow", experiment: "iris", jobType: "trial", name: id, parent: sweep } as const;
  await ledger.withRun({ ...start, params: settings }, async (run) => {
    const model = buildModel(settings);
    const initialEpoch = await resumeTraining(model, run);
    await model.fit(train.lengths, train.species, {
      initialEpoch,
      epochs,
      batchSize: 16,
      shuffle: false,
      validationData: [validation.lengths, validation.species],
      verbose: 0,
      callbacks: mix([tfCallback(run), checkpoint(run, { every: 3 })], { model }),
    });
    model.dispose();
  });
}

function buildModel({ hidden, optimizer, learningRate }: Settings): tf.LayersModel {
  const kernelInitializer = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: hidden, activation: "tanh", kernelInitializer: kernelInitializer(1) }),
      tf.layers.dense({ units: 3, activation: "softmax", kernelInitializer: kernelInitializer(2) }),
    ],
  });
  const metrics = ["accuracy"];
  model.compile({ optimizer: tf.train[optimizer](learningRate), loss: "categoricalCrossentropy", metrics });
  return model;
}

process.on("message", (job: Job) => {
  trainTrial(job).then(
    () => process.send?.({}),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
