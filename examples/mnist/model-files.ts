import * as tf from "@tensorflow/tfjs";
import type { FileTree } from "runledger/backends/fs";

/** A model in the layout of TF.js: what a web server would serve to `tf.loadLayersModel("https://…/model.json")`. */
export interface ModelFiles {
  readonly "model.json": Uint8Array;
  readonly "weights.bin": Uint8Array;
}

/** The model as two files in memory, ready for `run.logArtifact`. */
export async function toFiles(model: tf.LayersModel): Promise<FileTree> {
  let files: ModelFiles | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const { modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy } = artifacts;
      if (weightData === undefined) throw new Error("the model has no weights to save");
      const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
      const json = JSON.stringify({ modelTopology, format, generatedBy, convertedBy, weightsManifest });
      files = {
        "model.json": new TextEncoder().encode(json),
        "weights.bin": new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
      };
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
  if (files === undefined) throw new Error("TF.js did not call the save handler");
  return inMemory(Object.entries(files));
}

export async function fromFiles(files: ModelFiles): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(files["model.json"]));
  const weights = files["weights.bin"];
  return await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest[0].weights,
      // TF.js looks at the whole buffer behind a view, so it gets one that holds the weights and nothing else.
      weightData: weights.slice().buffer,
    }),
  );
}

function inMemory(files: [path: string, bytes: Uint8Array][]): FileTree {
  return {
    kind: "runledger.files",
    single: false,
    async *files() {
      for (const [path, bytes] of files) {
        yield {
          path,
          size: bytes.byteLength,
          async *open() {
            yield bytes;
          },
        };
      }
    },
  };
}
