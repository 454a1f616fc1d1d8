import { LedgerError } from "../../index.ts";
import {
  type CheckpointModel,
  freeCopies,
  type NamedTensor,
  optimizerName,
  optimizerOf,
  type TensorLike,
} from "./checkpoint-model.ts";
import type { LoadedModel } from "./model-artifacts.ts";
import { elementsOf, type WeightSpec } from "./weight-specs.ts";

/** What TF.js builds tensors from. Every tensor has a way to one, so TF.js itself is not needed. */
interface TensorBuffer {
  readonly constructor: new (shape: readonly number[], dtype: string, values: ArrayBufferView) => TensorBuffer;
  toTensor(): TensorLike & { dispose(): void };
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * Sets the weights of a model, and of its optimizer if they are stored, to those of a checkpoint. Checks everything
 * before it changes anything. Throws `INVALID_ARGUMENT` that names `model` if the model has other layers or another
 * optimizer, and `CORRUPT` for weights of types that no training has.
 */
export async function applyModel(
  model: CheckpointModel,
  stored: LoadedModel,
  optimizer: string | undefined,
): Promise<void> {
  const current = model.getWeights();
  const specs = stored.weightSpecs.filter(({ group }) => group !== "optimizer");
  checkShapes(current, specs);
  const own = optimizerOf(model);
  const hasState = optimizer !== undefined && own !== undefined && typeof own.setWeights === "function";
  if (hasState && optimizerName(own) !== optimizer)
    throw mismatch(`was stored with the optimizer ${optimizer}, but the model has ${optimizerName(own)}`);
  const [smallest] = [...current].sort((a, b) => elementsOf(a) - elementsOf(b));
  if (smallest === undefined) return;
  const Buffer = (await (smallest as unknown as { buffer(): Promise<TensorBuffer> }).buffer()).constructor;

  const made: (NamedTensor & { readonly isOfOptimizer: boolean })[] = [];
  try {
    let at = 0;
    for (const spec of stored.weightSpecs) {
      const { name, shape, dtype, quantization, group } = spec;
      const List = ARRAYS[dtype as keyof typeof ARRAYS];
      if (List === undefined || quantization)
        throw new LedgerError("CORRUPT", `weight ${JSON.stringify(name.slice(0, 100))} has the type ${dtype}`);
      const bytes = elementsOf(spec) * List.BYTES_PER_ELEMENT;
      const values = new List(stored.weightData.slice(at, at + bytes));
      at += bytes;
      made.push({ name, tensor: new Buffer(shape, dtype, values).toTensor(), isOfOptimizer: group === "optimizer" });
    }
    model.setWeights(made.filter(({ isOfOptimizer }) => !isOfOptimizer).map(({ tensor }) => tensor) as never);
    if (!hasState || !own.setWeights) return;
    const before = (await own.getWeights?.()) ?? [];
    await own.setWeights(
      made.filter(({ isOfOptimizer }) => isOfOptimizer).map(({ name, tensor }) => ({ name, tensor })),
    );
    // TF.js leaves the variables that it replaces in memory.
    const after = (await own.getWeights?.()) ?? [];
    const used = new Set(after.map(({ tensor }) => tensor));
    for (const { tensor } of before) if (!used.has(tensor)) tensor.dispose?.();
    freeCopies(after);
  } finally {
    for (const { tensor } of made) tensor.dispose?.();
  }
}

function checkShapes(current: readonly TensorLike[], specs: readonly WeightSpec[]): void {
  if (current.length !== specs.length)
    throw mismatch(`has ${specs.length} weights, but the model has ${current.length}`);
  for (const [i, { name, shape }] of specs.entries()) {
    const own = current[i]!.shape;
    if (own.length === shape.length && own.every((side, j) => side === shape[j])) continue;
    const shown = JSON.stringify(name.slice(0, 100));
    throw mismatch(`has the shape [${shape.slice(0, 10).join()}] for ${shown}, but the model has [${own.join()}]`);
  }
}

function mismatch(what: string): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `the checkpoint ${what}`, { field: "model" });
}
