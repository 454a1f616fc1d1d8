import type { TrainingLogs } from "./training-logs.ts";

/**
 * A callback of TF.js that works alone, in a list of plain callbacks, and in a list that a `tf.Callback` heads. Do not
 * copy it with `{ ...callback }`: TF.js decides by its members how much it reads back.
 */
export interface TrainingCallback {
  /** Called by TF.js before the first epoch. */
  readonly onTrainBegin: (logs?: TrainingLogs) => Promise<void>;
  /** Called by TF.js after the last epoch, also if the training was stopped. */
  readonly onTrainEnd: (logs?: TrainingLogs) => Promise<void>;
  /** Called by TF.js before each epoch. */
  readonly onEpochBegin: (epoch: number, logs?: TrainingLogs) => Promise<void>;
  /** Called by TF.js after each epoch. */
  readonly onEpochEnd: (epoch: number, logs?: TrainingLogs) => Promise<void>;
  /** Called by TF.js before each batch. Absent where it would cost without need. */
  readonly onBatchBegin?: (batch: number, logs?: TrainingLogs) => Promise<void>;
  /** Called by TF.js after each batch. Absent where it would cost without need. */
  readonly onBatchEnd?: (batch: number, logs?: TrainingLogs) => Promise<void>;
  /** Called by TF.js about eight times a second. Absent without need. */
  readonly onYield?: (epoch: number, batch: number, logs: TrainingLogs) => Promise<void>;
  /** Resolves when the training may go on, also in a hidden page. */
  readonly nextFrameFunc: () => Promise<void>;
  /** Called by TF.js only in a list that a `tf.Callback` heads. */
  readonly setParams: (params: object) => void;
  /** Called by TF.js only in a list that a `tf.Callback` heads. */
  readonly setModel: (model: object) => void;
}

/** The hooks that a {@link TrainingCallback} of this adapter needs. */
export interface Hooks {
  /** Gets the numbers that TF.js knows of the training, if it tells them. */
  begin(params: object | undefined): Promise<void>;
  epochBegin?(epoch: number): void;
  epochEnd(epoch: number, logs: TrainingLogs | undefined): Promise<void>;
  /** Called after each batch where that costs nothing, and elsewhere only if {@link wantsBatches}. */
  batchEnd?(logs: TrainingLogs | undefined): Promise<void> | void;
  readonly wantsBatches?: boolean;
  /** Called about eight times a second. */
  sample?(logs: TrainingLogs | undefined): Promise<void>;
  end(): Promise<void>;
  /** Gets the model of a list that a `tf.Callback` heads. For a `tf.Sequential` that is its inner model. */
  innerModel(model: object): void;
  /** Gets the model that the user holds. */
  ownModel(model: object): void;
}

const OWN: unique symbol = Symbol.for("runledger.tfjs.TrainingCallback");

/** Returns whether the value is a callback of this adapter, of any copy of it. */
export function isOwnCallback(value: object): value is TrainingCallback {
  return OWN in value;
}

/** Gives a callback of this adapter the model that the user holds. */
export function giveModel(callback: object, model: object): void {
  (callback as { [OWN]?: (model: object) => void })[OWN]?.(model);
}

/** Marks a callback as one of this adapter. */
export function markOwn<T extends object>(callback: T, ownModel: (model: object) => void): T {
  return Object.defineProperty(callback, OWN, { value: ownModel });
}
