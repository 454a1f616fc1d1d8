import { LedgerError } from "../../index.ts";

/** A tensor of TF.js, as far as this adapter uses it. */
export interface TensorLike {
  /** The sides of the tensor. */
  readonly shape: readonly number[];
  /** The type of the values. */
  readonly dtype: string;
  /** Reads the values without blocking. */
  data(): Promise<unknown>;
}

/** A tensor with a name, as optimizers of TF.js have them. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: TensorLike & { dispose?(): void };
}

/** An optimizer of TF.js, as far as this adapter uses it. */
export interface OptimizerLike {
  getClassName?(): string;
  getWeights?(): Promise<NamedTensor[]>;
  setWeights?(weights: NamedTensor[]): Promise<void>;
}

/** A model that a checkpoint can save and restore: `tf.Sequential` or `tf.LayersModel`. */
export interface CheckpointModel {
  /** Saves the model with a handler. */
  save(handler: never, config?: never): Promise<unknown>;
  /** Returns the weights. */
  getWeights(): TensorLike[];
  /** Sets the weights. */
  setWeights(weights: never): void;
}

/** Returns a model with all that a checkpoint needs. Throws `INVALID_ARGUMENT` for anything else. */
export function checkModel(model: unknown): CheckpointModel {
  try {
    const { save, getWeights, setWeights } = (model ?? {}) as Partial<Record<keyof CheckpointModel, unknown>>;
    if ([save, getWeights, setWeights].every((method) => typeof method === "function")) return model as CheckpointModel;
  } catch {
    // A proxy throws. It is no model.
  }
  throw new LedgerError("INVALID_ARGUMENT", "model must be a LayersModel of TensorFlow.js", {
    field: "model",
    received: model === null ? "null" : typeof model,
  });
}

/** Returns the optimizer of a compiled model. */
export function optimizerOf(model: object): OptimizerLike | undefined {
  return (model as { optimizer?: OptimizerLike | null }).optimizer ?? undefined;
}

/** Returns the name of the class of an optimizer, such as `Adam`. */
export function optimizerName(optimizer: OptimizerLike): string {
  return optimizer.getClassName?.() ?? "";
}

/**
 * Frees the tensors that TF.js made for a call of `getWeights`: the number of iterations. The others are the
 * optimizer's own variables.
 */
export function freeCopies(weights: readonly NamedTensor[]): void {
  for (const { tensor } of weights)
    if (typeof (tensor as { assign?: unknown }).assign !== "function") tensor.dispose?.();
}
