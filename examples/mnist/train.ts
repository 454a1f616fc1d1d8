import type { Ledger } from "runledger";
import { guardProcess } from "runledger/node";
import { checkpoint, mix, restoreBest, saveHandler, tfCallback } from "runledger/tfjs";
import { type Digits, DIGITS_URI } from "./digits.ts";
import { type Settings, buildModel } from "./model.ts";
import { Progress } from "./progress.ts";

/** Makes a run: trains with these settings, logs as it goes, stores the model of the best epoch. Returns its id. */
export async function train(
  ledger: Ledger,
  settings: Settings,
  digits: { train: Digits; validation: Digits },
  tags: Record<string, string>,
): Promise<string> {
  const { hidden, learningRate, epochs, batchSize, images, seed } = settings;
  const name = `adam ${learningRate}`;
  const params = { optimizer: { name: "adam", learningRate }, hidden, epochs, batchSize, images, seed };

  return await ledger.withRun({ experiment: "mnist", name, params, tags }, async (run) => {
    // Ctrl-C in the middle of it leaves a run that says so, with everything logged until then.
    const unguard = guardProcess(run);
    for (const [context, { images, labels }] of Object.entries(digits))
      await run.logDataset("mnist", { images, labels }, { context, uri: DIGITS_URI });

    const model = buildModel(settings);
    const progress = new Progress(name.padEnd(12), epochs, Math.ceil(digits.train.count / batchSize));
    await model.fit(digits.train.images, digits.train.labels, {
      epochs,
      batchSize,
      // The images were shuffled with the seed when they were loaded, so every training sees them in the same order.
      shuffle: false,
      validationData: [digits.validation.images, digits.validation.labels],
      verbose: 0,
      callbacks: mix([
        tfCallback(run, { batches: 1 }),
        checkpoint(run, { model, monitor: "val/accuracy", every: false, includeOptimizer: false }),
        {
          onBatchEnd: (_, logs) => progress.batch(logs?.["loss"]),
          onEpochEnd: (_, logs) => progress.epoch(logs?.["val_acc"]),
        },
      ]),
    });
    progress.end();

    const { epoch } = await restoreBest(model, run);
    await model.save(saveHandler(run, "mnist-model", { metadata: { epoch, learningRate } }));
    model.dispose();
    unguard();
    return run.id;
  });
}
