import { Guard } from "./guard.ts";
import { makeCallback } from "./make-callback.ts";
import { checkOption, isWhole, readOptions } from "./options.ts";
import type { TensorFlow } from "./tensorflow.ts";
import type { TrainingCallback } from "./training-callback.ts";
import { factsOfParams, type TrainingFacts } from "./training-facts.ts";
import { type OnNaN, TrainingLog } from "./training-log.ts";
import type { AnyRun } from "./run-inside.ts";

/** Options of `tfCallback` and `watch`. */
export interface TfCallbackOptions {
  /**
   * Which batches to log, under `batch/…`. `false`: none. `"yield"`: about eight a second. A number n: every n-th one.
   * In a list of plain callbacks, a number makes TF.js read the values of every batch, which slows a GPU down. Default
   * `false`.
   */
  readonly batches?: false | "yield" | number | undefined;
  /**
   * What to do when a logged value is NaN or infinite. `"record"`: only log it. `"mark"`: set the tag `diverged`, which
   * says where. `"stop"`: set the tag and stop the training. Default `"record"`.
   */
  readonly onNaN?: OnNaN | undefined;
  /** The module of TensorFlow.js. With it, the run records version, backend, flags and the memory after each epoch. */
  readonly tf?: TensorFlow | undefined;
  /** The model. With it, the run records layers, optimizer, loss and metrics also in a list of plain callbacks. */
  readonly model?: object | undefined;
}

/** The names of {@link TfCallbackOptions}. */
export const CALLBACK_OPTIONS: readonly (keyof TfCallbackOptions)[] = ["batches", "onNaN", "tf", "model"];

/**
 * Returns a callback for `model.fit` and `model.fitDataset` that logs losses and metrics to the run: `train/loss`,
 * `val/loss`, `train/accuracy` at the step of the epoch, and `batch/…` at the number of the batch. It never throws into
 * the training: `onError` of the ledger gets what goes wrong. Throws `INVALID_ARGUMENT` for a wrong run or option.
 */
export function tfCallback(run: AnyRun, options?: TfCallbackOptions): TrainingCallback {
  return trainingCallback("tfCallback", run, readOptions("tfCallback", options, CALLBACK_OPTIONS), {});
}

/** Returns the callback of {@link tfCallback}. `facts`: what the caller knows of the training. */
export function trainingCallback(
  method: string,
  run: AnyRun,
  { batches = false, onNaN = "record", tf, model }: TfCallbackOptions,
  facts: TrainingFacts,
): TrainingCallback {
  const fits = batches === false || batches === "yield" || isWhole(batches, 1);
  checkOption("batches", batches, fits, 'false, "yield" or a whole number from 1');
  checkOption("onNaN", onNaN, ["record", "mark", "stop"].includes(onNaN), '"record", "mark" or "stop"');
  checkOption("tf", tf, typeof tf === "object" && tf !== null, "the module of TensorFlow.js");
  checkOption("model", model, typeof model === "object" && model !== null, "a model");
  const guard = new Guard(run, method);
  const log = new TrainingLog(run, guard, tf, onNaN);
  if (model) log.model = model;
  let hasOwnModel = model !== undefined;
  let step = -1;
  return makeCallback({
    begin: async (params) => await guard.run(() => log.begin({ ...factsOfParams(params), ...facts })),
    epochEnd: async (epoch, logs) => await guard.run(() => log.epoch(epoch, logs)),
    // Without a promise for batches that are not logged: a training may have thousands a second.
    batchEnd: (logs) => {
      step = log.countBatch();
      if (typeof batches === "number" && step % batches === 0) return guard.run(() => log.batch(step, logs));
      return undefined;
    },
    wantsBatches: typeof batches === "number",
    ...(batches === "yield" && {
      sample: async (logs) => {
        // In a list of plain callbacks nobody counts the batches, so samples get the numbers.
        await guard.run(() => log.batch(step >= 0 ? step : log.countBatch(), logs));
      },
    }),
    // The last values are stored in the background. `finish` waits for them.
    end: async () => {
      await log.settled();
      void run.flush();
    },
    innerModel: (given) => {
      if (!hasOwnModel) log.model = given;
    },
    ownModel: (given) => {
      log.model = given;
      hasOwnModel = true;
    },
  });
}
