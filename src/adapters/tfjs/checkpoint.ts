import type { Mode } from "./best-values.ts";
import { checkpointName } from "./checkpoint-metadata.ts";
import { type CheckpointModel, checkModel } from "./checkpoint-model.ts";
import { CheckpointWriter } from "./checkpoint-writer.ts";
import { Guard } from "./guard.ts";
import { makeCallback } from "./make-callback.ts";
import { monitoredMetric } from "./metric-name.ts";
import { checkOption, isWhole, readOptions } from "./options.ts";
import type { AnyRun } from "./run-inside.ts";
import type { TrainingCallback } from "./training-callback.ts";

/** Options of `checkpoint`. */
export interface CheckpointOptions {
  /**
   * The metric that decides which checkpoint is best: `val/loss`, or as TF.js calls it, `val_loss`. Default: the loss of
   * the validation data, or without these of the training.
   */
  readonly monitor?: string | undefined;
  /** Whether a smaller or a greater value is better. Default: `max` for accuracies, else `min`. */
  readonly mode?: Mode | undefined;
  /** Stores the model after every n-th epoch, and after the last one. `false`: only if it is among the best. Default 1. */
  readonly every?: number | false | undefined;
  /**
   * How many of the best checkpoints to mark with the aliases `best`, `best-2`, … An epoch that is among them is always
   * stored. At most 100, `0` for none. Default 1.
   */
  readonly keepBest?: number | undefined;
  /**
   * How long the training waits at the end of an epoch until its checkpoint is stored, in ms. After that the training
   * goes on, and `onError` of the ledger gets the reason. Later epochs wait again once the storage answers. `0`: the
   * training never waits, and checkpoints are dropped if the storage is slower than the training. Default 30,000.
   */
  readonly maxWaitMs?: number | undefined;
  /** Whether to store the weights of the optimizer, so that a resumed training goes on as if uninterrupted. Default `true`. */
  readonly includeOptimizer?: boolean | undefined;
  /** The model. It is needed in a list of plain callbacks; `watch` gives it, and so does `mix` with `{ tf }` or `{ model }`. */
  readonly model?: CheckpointModel | undefined;
  /** The name of the artifact. Default `checkpoints/<id of the run>`. */
  readonly name?: string | undefined;
}

const OPTIONS = ["monitor", "mode", "every", "keepBest", "maxWaitMs", "includeOptimizer", "model", "name"] as const;
const MAX_KEPT = 100;
const WAIT_MS = 30_000;
/** The longest time that timers can measure. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * Returns a callback for `model.fit` and `model.fitDataset` that stores the model as versions of an artifact while it is
 * trained: for `restoreBest`, `resumeTraining` and `loadHandler`. The training waits until a version is stored, at most
 * `maxWaitMs`. The callback never throws into the training: `onError` of the ledger gets what goes wrong.
 * Throws `INVALID_ARGUMENT` for a wrong run or option.
 */
export function checkpoint(run: AnyRun, options?: CheckpointOptions): TrainingCallback {
  const given = readOptions("checkpoint", options, OPTIONS);
  const { monitor, mode, every = 1, keepBest = 1, maxWaitMs = WAIT_MS, includeOptimizer = true, model, name } = given;
  checkOption("monitor", monitor, typeof monitor === "string" && monitor !== "", "the name of a metric");
  checkOption("mode", mode, mode === "min" || mode === "max", '"min" or "max"');
  checkOption("every", every, every === false || isWhole(every, 1), "a whole number from 1, or false");
  checkOption(
    "keepBest",
    keepBest,
    isWhole(keepBest, 0) && keepBest <= MAX_KEPT,
    `a whole number from 0 to ${MAX_KEPT}`,
  );
  const canWait = isWhole(maxWaitMs, 0) && maxWaitMs <= MAX_WAIT_MS;
  checkOption("maxWaitMs", maxWaitMs, canWait, `a whole number from 0 to ${MAX_WAIT_MS}`);
  checkOption("includeOptimizer", includeOptimizer, typeof includeOptimizer === "boolean", "true or false");
  checkOption("name", name, typeof name === "string" && name !== "", "the name of an artifact");
  const guard = new Guard(run, "checkpoint");
  const metric = monitor === undefined ? undefined : monitoredMetric(monitor);
  const settings = { metric, mode, every, keepBest, maxWaitMs, includeOptimizer, name: checkpointName(run, name) };
  const writer = new CheckpointWriter(run, guard, settings);
  let hasOwnModel = model !== undefined;
  if (hasOwnModel) writer.model = checkModel(model);
  return makeCallback({
    begin: async () => writer.begin(),
    epochEnd: async (epoch, logs) => await guard.run(() => writer.epoch(epoch, logs)),
    end: async () => await guard.run(() => writer.end()),
    innerModel: (inner) => {
      if (!hasOwnModel) writer.model = inner as CheckpointModel;
    },
    ownModel: (own) => {
      writer.model = own as CheckpointModel;
      hasOwnModel = true;
    },
  });
}
