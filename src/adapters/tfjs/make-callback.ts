import { nextTurn, Pace } from "./next-turn.ts";
import { type Hooks, markOwn, type TrainingCallback } from "./training-callback.ts";

/**
 * Returns a callback for TF.js with these hooks. TF.js calls `setParams` only in a list that a `tf.Callback` heads.
 * There it calls every hook, batch values are Scalars that cost nothing until they are read, and nobody gives way to
 * other work of the program, so this does. In other lists a batch hook would make TF.js read the values of each batch,
 * so there is one only if it is wanted.
 */
export function makeCallback(hooks: Hooks): TrainingCallback {
  let params: object | undefined;
  const pace = new Pace();
  const nothing = async (): Promise<void> => {};
  const afterBatch: NonNullable<TrainingCallback["onBatchEnd"]> = async (_, logs) => {
    const recorded = hooks.batchEnd?.(logs);
    if (recorded !== undefined) await recorded;
    if (params === undefined || !pace.isDue()) return;
    if (hooks.sample) await hooks.sample(logs);
    await nextTurn();
    pace.restart();
  };
  const afterYield: NonNullable<TrainingCallback["onYield"]> = async (_, __, logs) => await hooks.sample?.(logs);
  // TF.js copies the functions and calls them with another `this`, so none of them uses it.
  const callback = {
    onTrainBegin: async () => await hooks.begin(params),
    onTrainEnd: async () => {
      params = undefined;
      await hooks.end();
    },
    onEpochBegin: async (epoch: number) => hooks.epochBegin?.(epoch),
    onEpochEnd: async (epoch: number, logs?: object) =>
      await hooks.epochEnd(epoch, logs as Parameters<Hooks["epochEnd"]>[1]),
    nextFrameFunc: nextTurn,
    setParams: (given: object) => {
      params = given ?? {};
      pace.restart();
    },
    setModel: (model: object) => hooks.innerModel(model),
    get onBatchBegin() {
      return params ? nothing : undefined;
    },
    get onBatchEnd() {
      return params || hooks.wantsBatches ? afterBatch : undefined;
    },
    get onYield() {
      return params === undefined && hooks.sample ? afterYield : undefined;
    },
  };
  return markOwn(callback, (model) => hooks.ownModel(model)) as unknown as TrainingCallback;
}
