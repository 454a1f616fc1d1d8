/** The values of a batch or an epoch. */
export interface NumberLogs {
  readonly [label: string]: number;
}

/** A callback for `mix`: a plain object with hooks, a callback of TF.js, or one of this adapter. */
export interface AnyCallback {
  /** Called before the first epoch. */
  onTrainBegin?(logs?: NumberLogs): unknown;
  /** Called after the last epoch. */
  onTrainEnd?(logs?: NumberLogs): unknown;
  /** Called before each epoch. */
  onEpochBegin?(epoch: number, logs?: NumberLogs): unknown;
  /** Called after each epoch. */
  onEpochEnd?(epoch: number, logs?: NumberLogs): unknown;
  /** Called before each batch. */
  onBatchBegin?(batch: number, logs?: NumberLogs): unknown;
  /** Called after each batch. */
  onBatchEnd?(batch: number, logs?: NumberLogs): unknown;
  /** Called about eight times a second. */
  onYield?(epoch: number, batch: number, logs: NumberLogs): unknown;
}
