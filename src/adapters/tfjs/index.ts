export { tfCallback, type TfCallbackOptions } from "./tf-callback.ts";
export { mix, type MixOptions } from "./mix.ts";
export { watch, type WatchOptions } from "./watch.ts";
export type { TensorFlow } from "./tensorflow.ts";
export type { TrainedModel } from "./trained-model.ts";
export type { TrainingCallback } from "./training-callback.ts";
export type { TrainingLogs } from "./training-logs.ts";
export type { OnNaN } from "./training-log.ts";
export type { YieldEvery } from "./yield-every.ts";
export type { AnyCallback, NumberLogs } from "./any-callback.ts";
export { saveHandler, type SavedModel, type SaveHandler } from "./save-handler.ts";
export { type ArtifactLedger, loadHandler, type LoadHandler, type OpenFiles } from "./load-handler.ts";
export type { AnyRun } from "./run-inside.ts";
export type { LoadedModel, ModelArtifacts } from "./model-artifacts.ts";
export type { WeightSpec } from "./weight-specs.ts";
export { checkpoint, type CheckpointOptions } from "./checkpoint.ts";
export type { CheckpointModel, TensorLike } from "./checkpoint-model.ts";
export type { Mode } from "./best-values.ts";
export {
  restoreBest,
  type RestoreBestOptions,
  type RestoredCheckpoint,
  type RestoreOptions,
  resumeTraining,
  type ResumeTrainingOptions,
} from "./restore.ts";
export { imageOf, numbersOf, tableOf, type TensorImage, type TensorNumbers } from "./tensor-values.ts";
