import * as tf from "@tensorflow/tfjs";
import type { LedgerError, Run } from "runledger";
import { createTestLedger } from "runledger/testing";
import { tfCallback } from "runledger/tfjs";
import { expect, test } from "vitest";
import { fitArgs, tinyModel, xs, ys } from "./tiny-model.ts";

const errors: LedgerError[] = [];
const { ledger } = await createTestLedger({ onError: (error) => errors.push(error) });

async function metricsOf(run: Run): Promise<Record<string, { count: number; last: { value: number; step: number } }>> {
  await run.finish();
  return (await ledger.getRun(run.id)).metrics as never;
}

test("losses and metrics of epochs get their names, and the epoch as step", async () => {
  const run = await ledger.startRun();
  const history = await tinyModel().fit(xs, ys, fitArgs({ initialEpoch: 1, callbacks: tfCallback(run) }));
  const metrics = await metricsOf(run);
  expect(Object.keys(metrics).toSorted()).toEqual(["train/accuracy", "train/loss", "val/accuracy", "val/loss"]);
  const { steps, values } = await ledger.history(run.id, "val/loss");
  expect([...steps]).toEqual([1, 2]);
  expect([...values]).toEqual(history.history["val_loss"]);
});

test("fitDataset", async () => {
  const run = await ledger.startRun();
  const data = tf.data.zip({ xs: tf.data.array(xs.arraySync()), ys: tf.data.array(ys.arraySync()) }).batch(4);
  const model = tinyModel();
  await model.fitDataset(data as never, { epochs: 2, verbose: 0, callbacks: tfCallback(run, { tf, model }) });
  expect((await metricsOf(run))["train/loss"]?.count).toBe(2);
});

test("every n-th batch, counted through all epochs; neither batch nor size is a metric", async () => {
  const run = await ledger.startRun();
  await tinyModel().fit(xs, ys, fitArgs({ callbacks: [tfCallback(run, { batches: 2 })] }));
  expect(Object.keys(await metricsOf(run)).filter((key) => key.startsWith("batch/"))).toEqual([
    "batch/loss",
    "batch/accuracy",
  ]);
  expect([...(await ledger.history(run.id, "batch/loss")).steps]).toEqual([0, 2, 4, 6, 8]);
});

test("behind a callback of TF.js: the same values as in a plain list", async () => {
  const plain = await ledger.startRun();
  const raw = await ledger.startRun();
  const stopping = tf.callbacks.earlyStopping({ monitor: "loss", patience: 9 });
  await tinyModel().fit(xs, ys, fitArgs({ callbacks: tfCallback(plain, { batches: 1 }) }));
  await tinyModel().fit(xs, ys, fitArgs({ callbacks: [stopping, tfCallback(raw, { batches: 1 })] }));
  expect(Object.keys(await metricsOf(raw))).toEqual(expect.arrayContaining(Object.keys(await metricsOf(plain))));
  for (const key of ["train/loss", "val/accuracy", "batch/loss"])
    expect(await ledger.history(raw.id, key)).toMatchObject({ values: (await ledger.history(plain.id, key)).values });
  expect((await ledger.getRun(raw.id)).params["tfjs"]).toMatchObject({ samples: 12, batchSize: 4, epochs: 3 });
});

test("it keeps no tensor, and disposes none", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  const growth = async (...callbacks: object[]): Promise<number> => {
    const before = tf.memory().numTensors;
    const head = new tf.CustomCallback({});
    await model.fit(xs, ys, fitArgs({ epochs: 1, callbacks: [head, ...callbacks] as never }));
    return tf.memory().numTensors - before;
  };
  await growth(); // makes the tensors of the optimizer
  expect(await growth(tfCallback(run, { batches: 1, tf, model }))).toBe(await growth());
  await run.finish();
});

test("without batches a plain list has no batch hook, which would make TF.js read every batch", async () => {
  const run = await ledger.startRun();
  expect(tfCallback(run).onBatchEnd).toBeUndefined();
  expect(tfCallback(run, { batches: "yield" }).onBatchEnd).toBeUndefined();
  expect(tfCallback(run, { batches: "yield" }).onYield).toBeTypeOf("function");
  expect(tfCallback(run, { batches: 5 }).onBatchEnd).toBeTypeOf("function");
  await run.finish();
});

test("a list that a callback of TF.js heads gives way to other work", async () => {
  const run = await ledger.startRun();
  let turns = 0;
  let isTraining = true;
  const turn = (): void => {
    turns++;
    if (isTraining) setImmediate(turn);
  };
  setImmediate(turn);
  const slow = new tf.CustomCallback({ onTrainBegin: () => {} });
  // Each batch takes the time in which a turn becomes due.
  slow.onBatchEnd = async () => {
    for (const start = performance.now(); performance.now() - start < 130;);
  };
  await tinyModel().fit(
    xs,
    ys,
    fitArgs({ epochs: 1, callbacks: [slow, tfCallback(run, { batches: "yield" })] as never }),
  );
  isTraining = false;
  expect(turns).toBeGreaterThanOrEqual(3);
  expect((await metricsOf(run))["batch/loss"]?.count).toBe(3);
});

test("with the model and tf, the run records what was trained, and the memory after each epoch", async () => {
  const run = await ledger.startRun();
  const model = tinyModel(0.05);
  await model.fit(xs, ys, fitArgs({ callbacks: tfCallback(run, { tf, model }) }));
  await run.finish();
  const { params, metrics } = await ledger.getRun(run.id);
  expect(params["tfjs"]).toMatchObject({
    version: "4.22.0",
    backend: tf.getBackend(),
    model: { layers: 2, parameters: 13, trainableParameters: 13 },
    optimizer: { name: "Adam", config: { learningRate: 0.05, beta1: 0.9 } },
    loss: "binaryCrossentropy",
    metrics: ["accuracy"],
  });
  expect(metrics["tfjs/memory/numTensors"]?.count).toBe(3);
  const texts = new Map<string, string>();
  for (const entry of await ledger.media(run.id)) {
    const opened = await ledger.openMedia(entry);
    if (opened.type === "text") texts.set(entry.key, opened.text);
  }
  expect(JSON.parse(texts.get("tfjs/topology")!)).toEqual(model.toJSON(null, false));
  expect(texts.get("tfjs/summary")).toContain("Total params: 13");
});

test("NaN is recorded, marked, or stops the training", async () => {
  const diverging = (): tf.Sequential => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
    model.compile({ optimizer: tf.train.sgd(1e30), loss: "meanSquaredError" });
    return model;
  };
  const outcome = async (onNaN: "record" | "mark" | "stop"): Promise<[epochs: number, tag: string | undefined]> => {
    const run = await ledger.startRun();
    const model = diverging();
    await model.fit(xs, ys, fitArgs({ callbacks: tfCallback(run, { onNaN, model }) }));
    const metrics = await metricsOf(run);
    return [metrics["train/loss"]!.count, (await ledger.getRun(run.id)).tags["diverged"]];
  };
  expect(await outcome("record")).toEqual([3, undefined]);
  expect(await outcome("mark")).toEqual([
    3,
    expect.stringMatching(/^(train|val)\/loss is (NaN|Infinity) at epoch \d$/),
  ]);
  expect((await outcome("stop"))[0]).toBeLessThan(3);
});

test("names that TF.js or a user invents become metrics", async () => {
  const run = await ledger.startRun();
  const { onEpochEnd } = tfCallback(run);
  await onEpochEnd(0, {
    "": 1,
    acc: 2,
    accuracy: 3,
    "a//b\n": 4,
    val_out_acc_1: 5,
    batch: 6,
    size: 7,
    text: "x",
    _1: 8,
  });
  expect(Object.keys(await metricsOf(run)).toSorted()).toEqual([
    "train/a/b_",
    "train/accuracy",
    "train/accuracy_accuracy",
    "train/metric",
    "train/metric_1",
    "val/out_accuracy_1",
  ]);
});

test("trouble goes to onError, never into the training", async () => {
  const run = await ledger.startRun();
  errors.length = 0;
  const disposed = tf.scalar(1);
  disposed.dispose();
  const callback = tfCallback(run, {
    tf: {
      memory: () => {
        throw new Error("no memory");
      },
    },
    model: {
      countParams: () => {
        throw new Error("not built");
      },
    },
  });
  await callback.onTrainBegin();
  await callback.onEpochEnd(0, { loss: disposed, acc: 0.5 });
  await callback.onEpochEnd(Number.NaN, { loss: 1 });
  await run.finish();
  await callback.onEpochEnd(1, { loss: 1 });
  await callback.onTrainEnd();
  expect(errors.map(({ message }) => message)).toEqual([
    expect.stringContaining("disposed"),
    expect.stringContaining("no memory"),
    expect.stringContaining("step"),
    expect.stringContaining("finished"),
  ]);
  expect((await ledger.getRun(run.id)).metrics["train/accuracy"]?.last.value).toBe(0.5);
});

test("wrong arguments", async () => {
  const run = await ledger.startRun();
  const fails = (call: () => unknown, field: string, code = "INVALID_ARGUMENT"): void =>
    expect(call).toThrow(expect.objectContaining({ code, field }));
  for (const wrong of [null, undefined, 1, {}, ledger.startRun()]) fails(() => tfCallback(wrong as never), "run");
  for (const batches of [0, -1, 1.5, true, "all"]) fails(() => tfCallback(run, { batches } as never), "batches");
  fails(() => tfCallback(run, { onNaN: "throw" } as never), "onNaN");
  fails(() => tfCallback(run, { tf: 1 } as never), "tf");
  fails(() => tfCallback(run, { batch: 1 } as never), "batch", "UNSUPPORTED");
  fails(() => tfCallback(run, null as never), "options");
});
