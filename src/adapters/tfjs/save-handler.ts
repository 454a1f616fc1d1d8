import { type ArtifactSource, type ArtifactVersion, LedgerError, type LogArtifactOptions } from "../../index.ts";
import { MODEL_FILE, type ModelArtifacts, modelJson, WEIGHTS_FILE } from "./model-artifacts.ts";
import { readOptions, reading } from "./options.ts";
import { type AnyRun, insideOf } from "./run-inside.ts";
import { weightChunks } from "./weight-chunks.ts";
import { checkBytes, checkSpecs } from "./weight-specs.ts";

/** What `model.save` of TF.js takes. */
export interface SaveHandler {
  /** Stores a model. TF.js calls it. */
  save(artifacts: ModelArtifacts): Promise<SavedModel>;
}

/** What `model.save` of TF.js returns. */
export interface SavedModel {
  /** What TF.js wants to know of a model that was saved. */
  modelArtifactsInfo: {
    /** When the version was made. */
    dateSaved: Date;
    /** The form of the topology. */
    modelTopologyType: "JSON";
    /** The size of `model.json`, in bytes. */
    modelTopologyBytes: number;
    /** The size of the specs of the weights as JSON, in bytes. */
    weightSpecsBytes: number;
    /** The size of the weights, in bytes. */
    weightDataBytes: number;
  };
  /** The version of the artifact that holds the model. */
  version: ArtifactVersion;
}

/** The names of the options of `saveHandler`: those of `logArtifact`. */
const OPTIONS = ["type", "aliases", "metadata", "signal", "onProgress"] as const;

/**
 * Returns a handler for `model.save` of TF.js that stores the model as the next version of an artifact: `model.json` and
 * `weights.bin`, which every program that loads models of TF.js can read. Pass `{ includeOptimizer: true }` to
 * `model.save` for the weights of the optimizer. `save` rejects as `logArtifact` does, with `INVALID_ARGUMENT` if
 * weights are missing or cut, and with `UNSUPPORTED` for a topology that is not JSON.
 */
export function saveHandler(run: AnyRun, name: string, options?: LogArtifactOptions): SaveHandler {
  insideOf(run);
  const { type = "model", ...others } = readOptions("saveHandler", options, OPTIONS);
  return {
    save: async (artifacts) => {
      const { source, sizes } = reading("artifacts", () => modelSource(artifacts));
      const version = await run.logArtifact(name, source, { type, ...others });
      const [modelTopologyBytes, weightSpecsBytes] = sizes;
      const weightDataBytes = version.size - modelTopologyBytes;
      const info = { dateSaved: new Date(version.createdAt), modelTopologyType: "JSON" as const };
      return { modelArtifactsInfo: { ...info, modelTopologyBytes, weightSpecsBytes, weightDataBytes }, version };
    },
  };
}

/** Returns a model as files, and the sizes of `model.json` and of the specs in it. */
export function modelSource(artifacts: ModelArtifacts): { source: ArtifactSource; sizes: readonly [number, number] } {
  const { modelTopology, weightSpecs = [] } = artifacts;
  if (typeof modelTopology !== "object" || modelTopology === null || isBytes(modelTopology))
    throw new LedgerError("UNSUPPORTED", "a model whose topology is not JSON cannot be saved", {
      field: "modelTopology",
    });
  const specs = checkSpecs(weightSpecs, "INVALID_ARGUMENT");
  const chunks = weightChunks(artifacts);
  if (chunks === undefined) checkBytes(specs, 0, "INVALID_ARGUMENT");
  if (Array.isArray(chunks))
    checkBytes(
      specs,
      chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
      "INVALID_ARGUMENT",
    );
  const text = modelJson(artifacts, specs, chunks !== undefined);
  // One buffer can be read again, so that an upload that fails can be repeated.
  const weights =
    chunks === undefined
      ? {}
      : {
          [WEIGHTS_FILE]:
            Array.isArray(chunks) && chunks.length === 1
              ? chunks[0]!
              : joined(chunks, (bytes) => checkBytes(specs, bytes, "INVALID_ARGUMENT")),
        };
  const source = { files: { [MODEL_FILE]: { text }, ...weights } };
  return { source, sizes: [new Blob([text]).size, new Blob([JSON.stringify(specs)]).size] };
}

function isBytes(value: object): boolean {
  return ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

/** Yields the chunks, and fails instead of ending if they are too few. */
async function* joined(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  check: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    yield chunk;
  }
  check(bytes);
}
