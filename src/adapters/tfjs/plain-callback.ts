import { Pace } from "./next-turn.ts";
import type { TrainingCallback } from "./training-callback.ts";
import type { TrainingLogs } from "./training-logs.ts";
import type { YieldEvery } from "./yield-every.ts";

type Hook = (first?: unknown, second?: unknown, third?: unknown) => unknown;
interface PlainHooks {
  readonly onTrainBegin?: Hook;
  readonly onTrainEnd?: Hook;
  readonly onEpochBegin?: Hook;
  readonly onEpochEnd?: Hook;
  readonly onBatchBegin?: Hook;
  readonly onBatchEnd?: Hook;
  readonly onYield?: Hook;
}

/**
 * Returns a plain callback for a list that a callback of TF.js heads: it has every hook and gets numbers, as in a list of
 * plain callbacks. What the user's hook throws ends the training, as there.
 */
export function wrapPlain(callback: object, yieldEvery: YieldEvery): TrainingCallback {
  const hooks = callback as PlainHooks;
  const pace = new Pace(typeof yieldEvery === "number" ? yieldEvery : undefined);
  let epoch = 0;
  const on =
    (name: keyof PlainHooks) =>
    async (logs?: TrainingLogs): Promise<void> => {
      if (hooks[name]) await hooks[name](await numbersOf(logs));
    };
  const onIndex =
    (name: keyof PlainHooks) =>
    async (index: number, logs?: TrainingLogs): Promise<void> => {
      if (hooks[name]) await hooks[name](index, await numbersOf(logs));
    };
  const batchEnd = onIndex("onBatchEnd");
  return {
    setParams: () => {},
    setModel: () => {},
    nextFrameFunc: async () => {},
    onTrainBegin: on("onTrainBegin"),
    onTrainEnd: on("onTrainEnd"),
    onEpochBegin: async (index, logs) => {
      epoch = index;
      await onIndex("onEpochBegin")(index, logs);
    },
    onEpochEnd: onIndex("onEpochEnd"),
    onBatchBegin: onIndex("onBatchBegin"),
    onBatchEnd: async (batch, logs) => {
      await batchEnd(batch, logs);
      if (hooks.onYield && yieldEvery !== "never" && pace.isDue())
        await hooks.onYield(epoch, batch, await numbersOf(logs));
    },
  };
}

/** Returns a copy of the logs with numbers for Scalars. TF.js needs the Scalars itself. */
async function numbersOf(logs: TrainingLogs | undefined): Promise<Record<string, unknown>> {
  const copy: Record<string, unknown> = {};
  for (const [label, value] of Object.entries(logs ?? {})) {
    const scalar = value as { data?(): Promise<ArrayLike<number>> } | null;
    copy[label] = typeof scalar?.data === "function" ? (await scalar.data())[0] : value;
  }
  return copy;
}
