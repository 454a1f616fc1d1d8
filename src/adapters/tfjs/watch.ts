import { LedgerError } from "../../index.ts";
import type { AnyCallback } from "./any-callback.ts";
import { Guard } from "./guard.ts";
import { mix, toList } from "./mix.ts";
import { reading, readOptions } from "./options.ts";
import { CALLBACK_OPTIONS, type TfCallbackOptions, trainingCallback } from "./tf-callback.ts";
import type { TrainedModel } from "./trained-model.ts";
import { factsOfFit, factsOfFitDataset, type TrainingFacts } from "./training-facts.ts";
import { TrainingLog } from "./training-log.ts";
import type { YieldEvery } from "./yield-every.ts";
import type { AnyRun } from "./run-inside.ts";

/** Options of `watch`. */
export interface WatchOptions extends Omit<TfCallbackOptions, "model"> {
  /** More callbacks for each training, such as that of `checkpoint`. */
  readonly callbacks?: AnyCallback | readonly AnyCallback[] | undefined;
}

type Train = (...args: unknown[]) => Promise<unknown>;
type Method = "fit" | "fitDataset" | "trainOnBatch";

const MAX_MESSAGE = 300;
/** The ids of the runs that log the trainings of a model. */
const watched = new WeakMap<object, Set<string>>();

/**
 * Logs every training of the model to the run from now on: calls of `fit` and `fitDataset` as `tfCallback` does, with
 * the callbacks of the call mixed as `mix` does, and the results of `trainOnBatch` under `batch/…`. The tag
 * `tfjs/training` says whether the last training `finished` or `failed`. Returns a function that ends this. What the
 * model's own methods throw is thrown as before. Throws `INVALID_ARGUMENT` for a wrong model, run or option, and for a
 * model that the run watches already.
 */
export function watch(model: TrainedModel, run: AnyRun, options?: WatchOptions): () => void {
  const names = [...CALLBACK_OPTIONS.filter((name) => name !== "model"), "callbacks"] as const;
  const { callbacks, ...own } = readOptions("watch", options, names as readonly (keyof WatchOptions)[]);
  const target = model as unknown as Record<Method, Train | undefined>;
  if (typeof model !== "object" || model === null || typeof reading("model", () => target.fit) !== "function")
    throw new LedgerError("INVALID_ARGUMENT", "model must be a model of TensorFlow.js with a method fit", {
      field: "model",
      received: model === null ? "null" : typeof model,
    });
  const more = toList(callbacks);
  const settings = { ...own, model };
  trainingCallback("watch", run, settings, {}); // Checks the options now.
  const guard = new Guard(run, "watch");
  const runs = watched.get(model) ?? new Set();
  if (runs.has(run.id)) {
    const message = `run ${run.id} watches this model already: call the function that watch() returned first`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "model", operation: "watch" });
  }
  watched.set(model, runs.add(run.id));
  let isOver = false;

  const train = async (
    method: "fit" | "fitDataset",
    call: unknown[],
    at: number,
    facts: TrainingFacts,
  ): Promise<unknown> => {
    if (isOver) return await originals.get(method)!.apply(model, call);
    const args = { ...(call[at] as { callbacks?: unknown; yieldEvery?: YieldEvery } | undefined) };
    const ours = trainingCallback("watch", run, settings, facts);
    const all = [...toList(args.callbacks), ours, ...more];
    const mixed = mix(all, {
      tf: own.tf,
      model,
      ...(args.yieldEvery !== undefined && { yieldEvery: args.yieldEvery }),
    });
    const given = [...call];
    given[at] = { ...args, callbacks: mixed };
    try {
      const history = await originals.get(method)!.apply(model, given);
      await guard.run(() => {
        run.setTags({ "tfjs/training": "finished" });
        run.removeTag("tfjs/error"); // Of an earlier training.
      });
      return history;
    } catch (error) {
      // TF.js calls it only after a training that did not fail.
      await ours.onTrainEnd();
      await guard.run(() => {
        const message = String((error as Partial<Error> | null)?.message ?? error).slice(0, MAX_MESSAGE);
        run.setTags({ "tfjs/training": "failed", "tfjs/error": message });
      });
      throw error;
    }
  };

  const log = new TrainingLog(run, guard, own.tf, own.onNaN ?? "record");
  log.model = model;
  let hasBegun = false;
  const trainOnBatch: Train = async (...call) => {
    const result = await originals.get("trainOnBatch")!.apply(model, call);
    if (isOver) return result;
    await guard.run(async () => {
      if (!hasBegun) {
        hasBegun = true;
        await log.begin({});
      }
      const step = log.countBatch();
      if (typeof own.batches === "number" && step % own.batches !== 0) return;
      const { metricsNames = ["loss"] } = model as { metricsNames?: readonly string[] };
      const logs = [result].flat().map((value, i) => [metricsNames[i] ?? `_${i}`, value] as const);
      await log.batch(step, Object.fromEntries(logs));
      await log.settled();
    });
    return result;
  };

  const replacements: Record<Method, Train> = {
    fit: async (...call) => await train("fit", call, 2, factsOfFit(call[0], call[2])),
    fitDataset: async (...call) => await train("fitDataset", call, 1, factsOfFitDataset(call[1])),
    trainOnBatch,
  };
  const originals = new Map<Method, Train>();
  const restore: (() => void)[] = [];
  for (const method of Object.keys(replacements) as Method[]) {
    const original = target[method];
    if (typeof original !== "function") continue;
    originals.set(method, original);
    const isOwn = Object.hasOwn(target, method);
    target[method] = replacements[method];
    restore.push(() => {
      // Another program may have replaced it since. Then ours only passes calls on.
      if (target[method] !== replacements[method]) return;
      if (isOwn) target[method] = original;
      else delete target[method];
    });
  }
  return () => {
    if (isOver) return;
    isOver = true;
    runs.delete(run.id);
    for (const undo of restore.splice(0)) undo();
  };
}
