import type { Ledger } from "runledger";
import { guardProcess } from "runledger/node";
import { mix, saveHandler, tfCallback } from "runledger/tfjs";
import { type Digits, DIGITS_URI } from "./digits.ts";
import { type Settings, buildModel } from "./model.ts";
import { Progress } from "./progress.ts";

/** One run: trains with these settings, logs as it goes, stores the model. Gives the run's id. */
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
    run.defineMetric("*/accuracy", { goal: "maximize" });
    run.defineMetric("*/loss", { goal: "minimize" });
    for (const [context, { images, labels }] of Object.entries(digits))
      await run.logDataset("mnist", { images, labels }, { context, uri: DIGITS_URI });

    const model = buildModel(settings);
    const progress = new Progress(name.padEnd(12), Math.ceil(digits.train.count / batchSize) * epochs);
    let epoch = 0;
    await model.fit(digits.train.images, digits.train.labels, {
      epochs,
      batchSize,
      // The images were shuffled with the seed when they were loaded, so every training sees them in the same order.
      shuffle: false,
      validationData: [digits.validation.images, digits.validation.labels],
      verbose: 0,
      callbacks: mix([
        tfCallback(run, { batches: 1 }),
        {
          onBatchEnd: (_, logs) => progress.batch(`epoch ${epoch + 1}/${epochs}  loss ${logs?.["loss"]?.toFixed(4)}`),
          onEpochEnd: (index, logs) => {
            epoch = index + 1;
            progress.epoch(`epoch ${epoch}/${epochs}  val accuracy ${logs?.["val_acc"]?.toFixed(4)}`);
          },
        },
      ]),
    });
    progress.end();

    await model.save(saveHandler(run, "mnist-model", { metadata: { epochs, learningRate } }));
    model.dispose();
    unguard();
    return run.id;
  });
}
