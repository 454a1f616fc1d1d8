import * as tf from "@tensorflow/tfjs";
import { type Ledger, type LedgerError, openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { faultyBackend } from "runledger/testing";
import { checkpoint, loadHandler, mix, restoreBest, resumeTraining, watch } from "runledger/tfjs";
import { expect, test } from "vitest";
import { fitArgs, tinyModel, xs, ys } from "./tiny-model.ts";

const errors: LedgerError[] = [];
const backend = memoryBackend();
const open = async (): Promise<Ledger> => await openLedger(backend, { onError: (error) => errors.push(error) });
const ledger = await open();

const weightsOf = (model: tf.LayersModel): number[] => model.getWeights().flatMap((each) => [...each.dataSync()]);
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
const losses = (history: tf.History): number[] => history.history["loss"] as number[];

/** Logs of epochs with these values of `val_loss`. */
async function play(callback: ReturnType<typeof checkpoint>, values: readonly number[]): Promise<void> {
  await callback.onTrainBegin();
  for (const [epoch, value] of values.entries()) await callback.onEpochEnd(epoch, { loss: 1, val_loss: value });
  await callback.onTrainEnd();
}

const OPTIMIZERS: [string, () => tf.Optimizer][] = [
  ["adam", () => tf.train.adam(0.1)],
  ["sgd", () => tf.train.sgd(0.1)],
  ["momentum", () => tf.train.momentum(0.1, 0.9)],
  ["rmsprop", () => tf.train.rmsprop(0.01)],
];
test.each(OPTIMIZERS)("a training that is interrupted and resumed equals one that is not: %s", async (name, make) => {
  const whole = tinyModel(0, make());
  const uninterrupted = losses(await whole.fit(xs, ys, fitArgs({ epochs: 4 })));

  const first = tinyModel(0, make());
  const run = await ledger.startRun({ id: `resumed-${name}` });
  const dies = {
    onBatchEnd: async () => {
      if (first.optimizer.iterations >= 7) throw new Error("power cut");
    },
  };
  const callbacks = mix([checkpoint(run), dies], { model: first });
  await expect(first.fit(xs, ys, fitArgs({ epochs: 4, callbacks }))).rejects.toThrow("power cut");
  await run.flush();

  const again = await (await open()).startRun({ id: `resumed-${name}`, resume: "allow" });
  const model = tinyModel(0, make());
  const initialEpoch = await resumeTraining(model, again);
  expect(initialEpoch).toBe(2);
  watch(model, again, { callbacks: checkpoint(again) });
  const resumed = losses(await model.fit(xs, ys, fitArgs({ epochs: 4, initialEpoch })));
  expect(distance(resumed, uninterrupted.slice(2))).toBeLessThan(1e-6);
  expect(distance(weightsOf(model), weightsOf(whole))).toBeLessThan(1e-6);
  expect(await resumeTraining(tinyModel(0, make()), again)).toBe(4);
  await again.finish();
});

test("the metrics of an epoch are stored before its checkpoint", async () => {
  const place = memoryBackend();
  const seen: (number | undefined)[] = [];
  const reader = await openLedger(place);
  const create = async (key: string, ...rest: [Uint8Array]): Promise<void> => {
    if (/^artifacts\/checkpoints.*\/versions\//.test(key))
      seen.push((await reader.getRun("ordered")).metrics["train/loss"]?.last.step);
    await place.create(key, ...rest);
  };
  const spied = new Proxy(place, {
    get: (target, member) => {
      const value: unknown = Reflect.get(target, member, target);
      if (typeof value !== "function") return value;
      return member === "create" ? create : value.bind(target);
    },
  });
  const run = await (await openLedger(spied)).startRun({ id: "ordered", flush: { intervalMs: 3_600_000 } });
  const model = tinyModel();
  watch(model, run, { callbacks: checkpoint(run) });
  await model.fit(xs, ys, fitArgs({ epochs: 3 }));
  await run.finish();
  expect(seen).toEqual([0, 1, 2]);
});

test("a training does not go on from a checkpoint whose metrics were lost when it was killed", async () => {
  const run = await ledger.startRun({ id: "killed-between" });
  const model = tinyModel();
  const stored = watch(model, run, { callbacks: checkpoint(run, { monitor: "train/loss" }) });
  await model.fit(xs, ys, fitArgs({ epochs: 2 }));
  stored();
  expect(await resumeTraining(tinyModel(), run)).toBe(2);
  // A checkpoint without its metrics.
  const later = checkpoint(run, { monitor: "train/loss", model });
  await later.onTrainBegin();
  await later.onEpochEnd(2, { loss: 1 });
  await later.onTrainEnd();
  expect(await resumeTraining(tinyModel(), run)).toBe(2);
  // Named, it is restored all the same.
  expect(await resumeTraining(tinyModel(), run, { epoch: 2 })).toBe(3);
  await run.finish();
});

test("restoreBest sets the user's own model to the best epoch, and frees what it made", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  const best: number[][] = [];
  const callback = checkpoint(run, { monitor: "val_loss", mode: "min", model });
  await callback.onTrainBegin();
  for (const [epoch, value] of [3, 1, 2, Number.NaN].entries()) {
    await model.fit(xs, ys, fitArgs({ epochs: 1 }));
    best.push(weightsOf(model));
    await callback.onEpochEnd(epoch, { val_loss: value });
  }
  await callback.onTrainEnd();
  const before = tf.memory().numTensors;
  expect(await restoreBest(model, run)).toMatchObject({
    epoch: 1,
    monitor: "val/loss",
    value: 1,
    version: { aliases: ["best"] },
  });
  expect(tf.memory().numTensors).toBe(before);
  expect(weightsOf(model)).toEqual(best[1]);
  expect(model.optimizer.iterations).toBe(6);
  expect(await restoreBest(model, run, { monitor: "val/loss", mode: "max" })).toMatchObject({ epoch: 0 });
  const loaded = await tf.loadLayersModel(loadHandler(ledger, `checkpoints/${run.id}:best`));
  expect(weightsOf(loaded)).toEqual(best[1]);
  expect(loaded.optimizer.getClassName()).toBe("Adam");
  await run.finish();
});

test("a checkpoint leaves no tensor behind", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  await model.fit(xs, ys, fitArgs({ epochs: 1 }));
  const before = tf.memory().numTensors;
  await play(checkpoint(run, { model }), [3, 2]);
  expect(tf.memory().numTensors).toBe(before);
  await run.finish();
});

test("every, keepBest and the last epoch decide what is stored; aliases mark the best", async () => {
  const model = tinyModel();
  const stored = async (values: number[], options: object): Promise<[epoch: unknown, ...aliases: string[]][]> => {
    const run = await ledger.startRun();
    await play(checkpoint(run, { model, ...options }), values);
    await run.finish();
    const versions = await ledger.artifactVersions(`checkpoints/${run.id}`);
    return versions.map(({ metadata, aliases }) => [metadata["epoch"], ...aliases]);
  };
  expect(await stored([5, 4, 6, 3, 7, 8], { every: 2, keepBest: 2 })).toEqual([[0], [1, "best-2"], [3, "best"], [5]]);
  expect(await stored([5, 6, 7], { every: false })).toEqual([[0, "best"]]);
  expect(await stored([5, 4, 6], { every: 2, keepBest: 0 })).toEqual([[1], [2]]);
  expect(await stored([5, 6, 4], { every: false, mode: "max" })).toEqual([[0], [1, "best"]]);
});

test("a second session goes on with the best of the first", async () => {
  const id = "two-sessions";
  const model = tinyModel();
  const first = await ledger.startRun({ id });
  await play(checkpoint(first, { model }), [1, 2]);
  const second = await (await open()).startRun({ id, resume: "allow" });
  await play(checkpoint(second, { model }), [3, 0.5, 4]);
  expect(await restoreBest(model, second)).toMatchObject({ value: 0.5, version: { version: "v3", aliases: ["best"] } });
  await second.finish();
});

test("without the weights of the optimizer", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  await model.fit(xs, ys, fitArgs({ epochs: 1, callbacks: checkpoint(run, { model, includeOptimizer: false }) }));
  const other = tinyModel();
  expect(await resumeTraining(other, run)).toBe(1);
  expect([weightsOf(other), other.optimizer.iterations]).toEqual([weightsOf(model), 0]);
  await run.finish();
});

test("a model with other layers or another optimizer is refused, and stays as it is", async () => {
  const run = await ledger.startRun();
  await play(checkpoint(run, { model: tinyModel() }), [1]);
  const wider = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [4] }), tf.layers.dense({ units: 1 })],
  });
  const shorter = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });
  const sgd = tinyModel(0, tf.train.sgd(0.1));
  for (const [model, why] of [
    [wider, "shape"],
    [shorter, "4 weights"],
    [sgd, "Adam"],
  ] as const) {
    const before = weightsOf(model);
    const error = { code: "INVALID_ARGUMENT", field: "model", message: expect.stringContaining(why) };
    await expect(resumeTraining(model, run)).rejects.toMatchObject(error);
    await expect(restoreBest(model, run)).rejects.toMatchObject(error);
    expect(weightsOf(model)).toEqual(before);
  }
  await run.finish();
});

test("a damaged checkpoint is reported, and the one before it restored", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  await play(checkpoint(run, { model }), [1]);
  const weightsManifest = [{ paths: ["weights.bin"], weights: [{ name: "w", shape: [9], dtype: "float32" }] }];
  const files = { "model.json": { json: { modelTopology: {}, weightsManifest } }, "weights.bin": new Uint8Array(3) };
  await run.logArtifact(`checkpoints/${run.id}`, { files }, { metadata: { epoch: 5 } });
  errors.length = 0;
  expect(await resumeTraining(model, run)).toBe(1);
  expect(errors).toMatchObject([{ code: "CORRUPT" }]);
  await run.finish();
});

test("a run without checkpoints", async () => {
  const run = await ledger.startRun();
  await run.logArtifact(`checkpoints/${run.id}`, new Uint8Array(1), { metadata: { epoch: "x" } });
  expect(await resumeTraining(tinyModel(), run)).toBe(0);
  await expect(restoreBest(tinyModel(), run)).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
  await expect(resumeTraining(tinyModel(), run, { signal: AbortSignal.abort("stop") })).rejects.toBe("stop");
  await run.finish();
});

test("trouble goes to onError, and the training goes on", async () => {
  const faulty = faultyBackend(memoryBackend());
  const told: string[] = [];
  const other = await openLedger(faulty, { onError: ({ code, message }) => told.push(`${code} ${message}`) });
  const run = await other.startRun();
  await play(checkpoint(run), [1]);
  await tinyModel().fit(
    xs,
    ys,
    fitArgs({
      epochs: 1,
      validationData: [xs, ys],
      callbacks: checkpoint(run, { monitor: "val/f1", model: tinyModel(), keepBest: 2 }),
    }),
  );
  const broken = {
    ...tinyModel(),
    save: async () => {
      throw new Error("no memory");
    },
    getWeights: () => [],
    setWeights: () => {},
  };
  await play(checkpoint(run, { model: broken }), [1]);
  expect(told).toEqual([
    expect.stringContaining("UNSUPPORTED checkpoint has no model"),
    expect.stringMatching(
      /^INVALID_ARGUMENT checkpoint: the training has no metric "val\/f1", only val\/loss, .*, so none is marked as best$/,
    ),
    expect.stringContaining("no memory"),
  ]);
  await run.finish();
  await play(checkpoint(run, { model: tinyModel() }), [1]);
  expect(told.at(-1)).toContain("RUN_CLOSED");
});

test("wrong arguments", async () => {
  const run = await ledger.startRun();
  const fails = (call: () => unknown, field: string, code = "INVALID_ARGUMENT"): void =>
    expect(call).toThrow(expect.objectContaining({ code, field }));
  const wrong: [string, unknown][] = [
    ["monitor", 1],
    ["mode", "best"],
    ["every", 0],
    ["every", true],
    ["keepBest", -1],
    ["keepBest", 101],
    ["maxWaitMs", -1],
    ["maxWaitMs", 2 ** 31],
    ["maxWaitMs", true],
    ["includeOptimizer", 1],
    ["model", {}],
    ["name", ""],
  ];
  for (const [name, value] of wrong) fails(() => checkpoint(run, { [name]: value } as never), name);
  fails(() => checkpoint({} as never), "run");
  fails(() => checkpoint(run, { best: 1 } as never), "best", "UNSUPPORTED");
  for (const model of [null, {}, 1]) {
    await expect(restoreBest(model as never, run)).rejects.toMatchObject({ field: "model" });
    await expect(resumeTraining(model as never, run)).rejects.toMatchObject({ field: "model" });
  }
  await expect(resumeTraining(tinyModel(), null as never)).rejects.toMatchObject({ field: "run" });
  await expect(restoreBest(tinyModel(), run, { mode: "x" } as never)).rejects.toMatchObject({ field: "mode" });
});
