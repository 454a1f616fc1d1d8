import * as tf from "@tensorflow/tfjs";
import { createTestLedger } from "runledger/testing";
import { loadHandler, saveHandler } from "runledger/tfjs";
import { expect, test } from "vitest";
import { fitArgs, tinyModel, xs, ys } from "./tiny-model.ts";

const { ledger } = await createTestLedger();

/** The artifacts of a model, as TF.js gives them to a handler. */
async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  return artifacts!;
}

test("a LayersModel gives the same outputs to the last bit", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  await model.fit(xs, ys, fitArgs({ epochs: 1 }));
  model.setUserDefinedMetadata({ classes: ["a", "b"] });
  const { modelArtifactsInfo } = await model.save(saveHandler(run, "net", { aliases: ["best"] }));
  await run.finish();
  expect(modelArtifactsInfo.weightDataBytes).toBe(13 * 4);
  const loaded = await tf.loadLayersModel(loadHandler(ledger, "net:best"));
  const outputs = (of: tf.LayersModel): Float32Array => (of.predict(xs) as tf.Tensor).dataSync<"float32">();
  expect(outputs(loaded)).toEqual(outputs(model));
  expect(loaded.getUserDefinedMetadata()).toEqual({ classes: ["a", "b"] });
  expect((await ledger.getRun(run.id)).artifacts).toMatchObject([
    { name: "net", type: "model", size: expect.any(Number) },
  ]);
});

test("with the optimizer, a loaded model trains on as the saved one does", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  await model.fit(xs, ys, fitArgs({ epochs: 1 }));
  await model.save(saveHandler(run, "trained"), { includeOptimizer: true });
  const loaded = await tf.loadLayersModel(loadHandler(ledger, "trained"));
  const [one, other] = [await model.fit(xs, ys, fitArgs()), await loaded.fit(xs, ys, fitArgs())];
  expect(
    Math.max(
      ...one.history["loss"]!.map((loss, i) => Math.abs((loss as number) - (other.history["loss"]![i] as number))),
    ),
  ).toBeLessThan(1e-6);
  await run.finish();
});

test("a GraphModel", async () => {
  const run = await ledger.startRun();
  const shape = (...sides: number[]): object => ({ dim: sides.map((size) => ({ size: String(size) })) });
  const type = { type: "DT_FLOAT" };
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype: type, shape: { shape: shape(-1, 2) } } },
    {
      name: "w",
      op: "Const",
      attr: { dtype: type, value: { tensor: { dtype: "DT_FLOAT", tensorShape: shape(2, 2) } } },
    },
    {
      name: "y",
      op: "MatMul",
      input: ["x", "w"],
      attr: { T: type, transpose_a: { b: false }, transpose_b: { b: false } },
    },
  ];
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology: { node, versions: { producer: 1 } },
      format: "graph-model",
      weightSpecs: [{ name: "w", shape: [2, 2], dtype: "float32" }],
      weightData: new Float32Array([1, 2, 3, 0.1]).buffer,
    }),
  );
  await model.save(saveHandler(run, "graph"));
  const loaded = await tf.loadGraphModel(loadHandler(ledger, "graph"));
  const outputs = (of: tf.GraphModel): unknown => (of.predict(xs) as tf.Tensor).dataSync();
  expect(outputs(loaded)).toEqual(outputs(model));
  await run.finish();
});

test("weights in buffers that are cut inside a tensor, in views, and in a stream are stored as one file", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  const artifacts = await artifactsOf(model);
  const bytes = new Uint8Array(artifacts.weightData as ArrayBuffer);
  const odd = new Uint8Array(100).fill(7);
  odd.set(bytes, 11);
  const { weightData: _, ...rest } = artifacts;
  const cut = [bytes.slice(0, 5).buffer, bytes.slice(5, 6).buffer, bytes.slice(6).buffer];
  const stream = (): ReadableStream<ArrayBuffer> =>
    new Blob([bytes])
      .stream()
      .pipeThrough(new TransformStream({ transform: (chunk: Uint8Array, to) => to.enqueue(chunk.slice().buffer) }));
  for (const given of [
    { weightData: cut },
    { weightData: odd.subarray(11, 11 + bytes.length) },
    { weightData: Buffer.from(odd.buffer, 11, bytes.length) },
    { getWeightStream: stream },
  ]) {
    await saveHandler(run, "pieces").save({ ...rest, ...given });
    const opened = await ledger.openArtifact("pieces");
    expect(await opened.read("weights.bin")).toEqual(bytes);
    // TF.js reads the whole buffer, whatever the view on it.
    const loaded = (await loadHandler(ledger, "pieces").load()).weightData;
    expect(loaded).toBeInstanceOf(ArrayBuffer);
    expect(new Uint8Array(loaded as ArrayBuffer)).toEqual(bytes);
  }
  expect((await ledger.artifactVersions("pieces")).length).toBe(1);
  await run.finish();
});

test("a directory with several shards, as other programs write it", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  const { modelTopology, weightSpecs, weightData } = await artifactsOf(model);
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  const json = {
    modelTopology,
    weightsManifest: [
      { paths: ["a1of2.bin", "a2of2.bin"], weights: weightSpecs!.slice(0, 3) },
      { paths: ["b.bin"], weights: weightSpecs!.slice(3) },
    ],
  };
  const end = bytes.length - 4;
  await run.logArtifact("shards", {
    files: {
      "web/model.json": { json },
      "web/a1of2.bin": bytes.slice(0, 9),
      "web/a2of2.bin": bytes.slice(9, end),
      "web/b.bin": bytes.slice(end),
    },
  });
  const loaded = await tf.loadLayersModel(loadHandler(ledger, "shards"));
  expect(loaded.getWeights().map((each) => each.dataSync())).toEqual(model.getWeights().map((each) => each.dataSync()));
  await run.finish();
});

test("a model that cannot be saved whole is refused, and stores nothing", async () => {
  const run = await ledger.startRun();
  const artifacts = await artifactsOf(tinyModel());
  const { weightData, ...rest } = artifacts;
  const save = (given: object): Promise<unknown> => saveHandler(run, "bad").save(given);
  const short = (weightData as ArrayBuffer).slice(0, 50);
  const refused: [object, string, string][] = [
    [rest, "INVALID_ARGUMENT", "weightData"],
    [{ ...rest, weightData: short }, "INVALID_ARGUMENT", "weightData"],
    [{ ...rest, weightData: [short, 3] }, "INVALID_ARGUMENT", "weightData"],
    [{ ...rest, getWeightStream: () => new Blob([short]).stream() }, "INVALID_ARGUMENT", "weightData"],
    [{ ...artifacts, weightSpecs: [{ name: "w", shape: [1.5], dtype: "float32" }] }, "INVALID_ARGUMENT", "weightSpecs"],
    [{ ...artifacts, weightSpecs: [{ name: "w", shape: [1], dtype: "float8" }] }, "INVALID_ARGUMENT", "weightSpecs"],
    [{ ...artifacts, modelTopology: new ArrayBuffer(4) }, "UNSUPPORTED", "modelTopology"],
  ];
  for (const [given, code, field] of refused) {
    const error = await save(given).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect([(error as { field?: string }).field, (error as { cause?: { field?: string } }).cause?.field]).toContain(
      field,
    );
  }
  expect(await ledger.artifactVersions("bad")).toEqual([]);
  await run.finish();
});

test("an artifact that is no whole model is refused", async () => {
  const run = await ledger.startRun();
  const modelTopology = { class_name: "Sequential" };
  const weights = [{ name: "w", shape: [4], dtype: "float32" }];
  const manifest = (paths: unknown, specs: unknown = weights): object => ({
    json: { modelTopology, weightsManifest: [{ paths, weights: specs }] },
  });
  const stored: [object, string][] = [
    [{ "weights.bin": new Uint8Array(16) }, "ARTIFACT_NOT_FOUND"],
    [{ "model.json": manifest(["weights.bin"]) }, "ARTIFACT_NOT_FOUND"],
    [{ "model.json": manifest(["../../runs/x"]) }, "ARTIFACT_NOT_FOUND"],
    [{ "model.json": manifest(["weights.bin"]), "weights.bin": new Uint8Array(15) }, "CORRUPT"],
    [{ "model.json": manifest([1]) }, "CORRUPT"],
    [
      {
        "model.json": manifest(["weights.bin"], [{ name: "w", shape: [2 ** 50, 2 ** 50], dtype: "float32" }]),
        "weights.bin": new Uint8Array(16),
      },
      "CORRUPT",
    ],
    [{ "model.json": { json: { weightsManifest: [] } } }, "CORRUPT"],
    [{ "model.json": { json: null } }, "CORRUPT"],
    [{ "model.json": { text: "{" } }, "CORRUPT"],
  ];
  for (const [i, [files, code]] of stored.entries()) {
    await run.logArtifact(`no-model-${i}`, { files } as never);
    await expect(loadHandler(ledger, `no-model-${i}`).load(), String(i)).rejects.toMatchObject({ code });
  }
  await expect(loadHandler(ledger, "nothing").load()).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
  await expect(loadHandler(ledger, "no-model-0", { signal: AbortSignal.abort("stop") }).load()).rejects.toBe("stop");
  for (const wrong of [null, undefined, {}, 1, Promise.resolve(ledger)])
    expect(() => loadHandler(wrong as never, "m")).toThrow(expect.objectContaining({ field: "ledger" }));
  expect(() => saveHandler({} as never, "m")).toThrow(expect.objectContaining({ field: "run" }));
  await run.finish();
});
