import { type ArtifactRef, LedgerError } from "../../index.ts";
import { checkSpecs, type WeightSpec } from "./weight-specs.ts";

/** A model as TF.js gives it to a handler that saves. */
export interface ModelArtifacts {
  /** The layers or the graph. */
  readonly modelTopology?: unknown;
  /** How the weights are stored in {@link weightData}. */
  readonly weightSpecs?: unknown;
  /** The bytes of the weights, in one or several buffers that may be cut anywhere. */
  readonly weightData?: unknown;
  /** Opens the weights as a stream, for models that do not hold them in memory. */
  readonly getWeightStream?: unknown;
}

/** A model as TF.js takes it from a handler that loads. */
export interface LoadedModel {
  /** The layers or the graph. */
  modelTopology: object;
  /** How the weights are stored in {@link weightData}. */
  weightSpecs: WeightSpec[];
  /** The bytes of the weights. */
  weightData: ArrayBuffer;
  /** `layers-model` or `graph-model`. */
  format?: string;
  /** The program that made the model. */
  generatedBy?: string;
  /** The program that converted the model. */
  convertedBy?: string | null;
  /** Loss, metrics and optimizer, for TF.js. */
  trainingConfig?: never;
  /** Data of the user, for TF.js. */
  userDefinedMetadata?: never;
  /** Inputs and outputs of a graph, for TF.js. */
  signature?: never;
  /** A graph that sets up the model, for TF.js. */
  modelInitializer?: never;
  /** Inputs and outputs of that graph, for TF.js. */
  initializerSignature?: never;
}

/** The file that describes a model, in the layout that web servers give to `tf.loadLayersModel`. */
export const MODEL_FILE = "model.json";
export const WEIGHTS_FILE = "weights.bin";

/** The members of `model.json` beside the topology and the weights. */
const OTHERS = [
  "format",
  "generatedBy",
  "convertedBy",
  "trainingConfig",
  "userDefinedMetadata",
  "signature",
  "modelInitializer",
  "initializerSignature",
] as const;

/** Returns the text of `model.json`. */
export function modelJson(artifacts: ModelArtifacts, specs: readonly WeightSpec[], hasWeights: boolean): string {
  const others = OTHERS.map((name) => [name, (artifacts as Record<string, unknown>)[name]] as const);
  return JSON.stringify({
    modelTopology: artifacts.modelTopology,
    ...Object.fromEntries(others.filter(([, value]) => value !== undefined && value !== null)),
    weightsManifest: hasWeights ? [{ paths: [WEIGHTS_FILE], weights: specs }] : [],
  });
}

/** What a `model.json` says. */
export interface ModelDescription {
  /** Everything for TF.js but the weights. */
  readonly model: Omit<LoadedModel, "weightSpecs" | "weightData">;
  readonly specs: WeightSpec[];
  /** The files that hold the weights, in order, relative to `model.json`. */
  readonly paths: readonly string[];
}

/** Reads a `model.json`. Throws `CORRUPT` for anything that is none. */
export function parseModelJson(text: string, ref: ArtifactRef): ModelDescription {
  const fail = (what: string, cause?: unknown): never => {
    const shown = typeof ref === "string" ? ref : ref.name;
    throw new LedgerError("CORRUPT", `${MODEL_FILE} of ${JSON.stringify(shown)} ${what}`, { cause });
  };
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    return fail("is not JSON", cause);
  }
  const { modelTopology, weightsManifest = [] } = (json ?? {}) as Record<string, unknown>;
  if (typeof modelTopology !== "object" || modelTopology === null) return fail("has no modelTopology");
  if (!Array.isArray(weightsManifest)) return fail("has no list of weights");
  const groups = weightsManifest as ({ paths?: unknown; weights?: unknown } | null)[];
  const paths = groups.flatMap((group) => group?.paths as string[]);
  if (!paths.every((path) => typeof path === "string")) return fail("has no paths of weights");
  const specs = checkSpecs(
    groups.flatMap((group) => group?.weights as WeightSpec[]),
    "CORRUPT",
  );
  const others = OTHERS.flatMap((name) => (json[name] === undefined ? [] : [[name, json[name]]]));
  return { model: { modelTopology, ...Object.fromEntries(others) } as ModelDescription["model"], specs, paths };
}
