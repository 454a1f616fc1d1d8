import { LedgerError } from "../../index.ts";
import { type CheckpointModel, freeCopies, optimizerName, optimizerOf } from "./checkpoint-model.ts";
import type { ModelArtifacts } from "./model-artifacts.ts";
import { weightChunks } from "./weight-chunks.ts";
import { checkSpecs, type WeightSpec } from "./weight-specs.ts";

/** A model as it was at one moment. Later training does not change it. */
export interface Snapshot {
  readonly artifacts: ModelArtifacts;
  /** The class of the optimizer, if its weights are part of the snapshot. */
  readonly optimizer?: string;
}

/**
 * Returns a copy of the model. `model.save` of TF.js does not take the weights of the optimizer here, because each call
 * would leak a tensor. `onTrouble` gets the error of an optimizer that cannot be saved; then the copy has none.
 */
export async function takeSnapshot(
  model: CheckpointModel,
  includeOptimizer: boolean,
  onTrouble: (error: unknown) => void,
): Promise<Snapshot> {
  let given: ModelArtifacts | undefined;
  const save = async (artifacts: ModelArtifacts): Promise<object> => {
    given = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  };
  await model.save({ save } as never);
  if (given === undefined) throw new LedgerError("UNSUPPORTED", "the model did not save itself");
  const saved = given;
  const specs = checkSpecs(saved.weightSpecs ?? [], "INVALID_ARGUMENT");
  const chunks = weightChunks(saved) ?? [];
  if (!Array.isArray(chunks)) throw new LedgerError("UNSUPPORTED", "the model keeps its weights elsewhere");
  const state = includeOptimizer ? await optimizerState(model).catch(onTrouble) : undefined;
  const artifacts = {
    ...saved,
    weightSpecs: [...specs, ...(state?.specs ?? [])],
    weightData: joinBytes([...chunks, ...(state?.chunks ?? [])]),
    ...(state?.config !== undefined && { trainingConfig: state.config }),
  };
  return { artifacts, ...(state && { optimizer: state.name }) };
}

interface OptimizerState {
  readonly name: string;
  readonly specs: WeightSpec[];
  readonly chunks: Uint8Array[];
  readonly config: unknown;
}

async function optimizerState(model: CheckpointModel): Promise<OptimizerState | undefined> {
  const optimizer = optimizerOf(model);
  if (typeof optimizer?.getWeights !== "function") return undefined;
  const weights = await optimizer.getWeights();
  try {
    const specs = weights.map(({ name, tensor: { shape, dtype } }): WeightSpec => {
      return { name, shape: [...shape], dtype: dtype as WeightSpec["dtype"], group: "optimizer" };
    });
    const chunks: Uint8Array[] = [];
    for (const { tensor } of weights) {
      const values = await tensor.data();
      if (!ArrayBuffer.isView(values)) throw new TypeError("a weight of the optimizer holds no numbers");
      chunks.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    return { name: optimizerName(optimizer), specs, chunks, config: trainingConfig(model) };
  } finally {
    freeCopies(weights);
  }
}

/** Returns loss, metrics and optimizer, or `undefined` if TF.js cannot save them: a loss may be a function. */
function trainingConfig(model: object): unknown {
  try {
    return (model as { getTrainingConfig?(): unknown }).getTrainingConfig?.();
  } catch {
    return undefined;
  }
}

function joinBytes(chunks: readonly Uint8Array[]): ArrayBuffer {
  const all = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all.buffer;
}
