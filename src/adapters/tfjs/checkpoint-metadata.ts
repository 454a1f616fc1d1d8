import type { ArtifactVersion } from "../../index.ts";
import { guessMode, type Mode } from "./best-values.ts";
import type { AnyRun } from "./run-inside.ts";

/** What the metadata of a checkpoint say. */
export interface CheckpointMetadata {
  /** The epoch after which the model was saved, from 0. */
  readonly epoch: number;
  /** The metric that decides which checkpoint is best, and its value in this epoch. */
  readonly monitor?: string;
  readonly value?: number;
  readonly mode?: Mode;
  /** The class of the optimizer, if its weights are stored. */
  readonly optimizer?: string;
}

/** Returns the name of the artifact that holds the checkpoints of a run. */
export function checkpointName(run: AnyRun, name: string | undefined): string {
  return name ?? `checkpoints/${run.id}`;
}

/** Returns the metadata of a version, or `undefined` if it is no checkpoint. */
export function metadataOf({ metadata }: ArtifactVersion): CheckpointMetadata | undefined {
  const { epoch, monitor, value, mode, optimizer } = metadata;
  if (typeof epoch !== "number" || !Number.isSafeInteger(epoch) || epoch < 0) return undefined;
  return {
    epoch,
    ...(typeof monitor === "string" && { monitor, mode: mode === "min" || mode === "max" ? mode : guessMode(monitor) }),
    ...(typeof value === "number" && { value }),
    ...(typeof optimizer === "string" && { optimizer }),
  };
}
