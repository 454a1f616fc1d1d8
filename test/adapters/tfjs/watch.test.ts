import * as tf from "@tensorflow/tfjs";
import { createTestLedger } from "runledger/testing";
import { watch } from "runledger/tfjs";
import { expect, test } from "vitest";
import { fitArgs, tinyModel, xs, ys } from "./tiny-model.ts";

const { ledger } = await createTestLedger();

test("fit: values, facts of the training, and how it ended; unwatch ends it", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  const unwatch = watch(model, run, { tf });
  const stopping = tf.callbacks.earlyStopping({ monitor: "loss", mode: "min", baseline: -1, patience: 1 });
  await model.fit(xs, ys, fitArgs({ classWeight: { 0: 1, 1: 2 }, callbacks: stopping }));
  unwatch();
  expect(Object.hasOwn(model, "fit")).toBe(false);
  await model.fit(xs, ys, fitArgs());
  await run.finish();
  const { metrics, params, tags } = await ledger.getRun(run.id);
  expect(metrics["val/loss"]?.count).toBe(1);
  expect(tags["tfjs/training"]).toBe("finished");
  expect(params["tfjs"]).toMatchObject({
    samples: 12,
    validationSamples: 12,
    batchSize: 4,
    epochs: 3,
    classWeight: { 0: 1, 1: 2 },
    model: { parameters: 13 },
    optimizer: { name: "Adam" },
  });
});

test("fitDataset and batches that go on from initialEpoch", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  watch(model, run, { batches: 1 });
  const data = tf.data.zip({ xs: tf.data.array(xs.arraySync()), ys: tf.data.array(ys.arraySync()) });
  const args = { epochs: 3, initialEpoch: 2, batchesPerEpoch: 3, verbose: 0 } as const;
  await model.fitDataset(data.batch(4).repeat() as never, args as never);
  await run.finish();
  expect([...(await ledger.history(run.id, "batch/loss")).steps]).toEqual([6, 7, 8]);
  expect([...(await ledger.history(run.id, "train/loss")).steps]).toEqual([2]);
});

test("a training that fails is recorded, and its error thrown", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  watch(model, run);
  const callbacks = {
    onEpochEnd: () => {
      throw new Error("out of patience");
    },
  };
  await expect(model.fit(xs, ys, fitArgs({ callbacks }))).rejects.toThrow("out of patience");
  await run.finish();
  const { tags } = await ledger.getRun(run.id);
  expect(tags).toMatchObject({ "tfjs/training": "failed", "tfjs/error": "out of patience" });
});

test("a loop of trainOnBatch", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  watch(model, run);
  const results: unknown[] = [];
  for (let i = 0; i < 4; i++) results.push(((await model.trainOnBatch(xs, ys)) as number[])[0]);
  await run.finish();
  expect([...(await ledger.history(run.id, "batch/loss")).values]).toEqual(results);
  const { metrics, params } = await ledger.getRun(run.id);
  expect(metrics["batch/accuracy"]?.count).toBe(4);
  expect(params["tfjs"]).toMatchObject({ optimizer: { name: "Adam" } });
});

test("a model without an optimizer fails as it did without", async () => {
  const run = await ledger.startRun();
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  watch(model, run, { tf });
  await expect(model.fit(xs, ys, fitArgs())).rejects.toThrow(/compile/i);
  await run.finish();
  expect((await ledger.getRun(run.id)).tags["tfjs/training"]).toBe("failed");
});

test("a run watches a model once, and others may watch it too, each until it ends", async () => {
  const first = await ledger.startRun();
  const second = await ledger.startRun();
  const model = tinyModel();
  const unwatch = watch(model, first);
  expect(() => watch(model, first)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field: "model" }));
  const unwatchSecond = watch(model, second);
  await model.fit(xs, ys, fitArgs({ epochs: 1 }));
  unwatch();
  await model.fit(xs, ys, fitArgs({ epochs: 1 }));
  await model.trainOnBatch(xs, ys);
  unwatchSecond();
  await model.fit(xs, ys, fitArgs({ epochs: 1 }));
  watch(model, first)();
  unwatch();
  for (const run of [first, second]) await run.finish();
  const counts = async (id: string): Promise<unknown> => {
    const { metrics } = await ledger.getRun(id);
    return [metrics["train/loss"]?.count, metrics["batch/loss"]?.count];
  };
  expect([await counts(first.id), await counts(second.id)]).toEqual([
    [1, undefined],
    [2, 1],
  ]);
});

test("wrong arguments", async () => {
  const run = await ledger.startRun();
  const fails = (call: () => unknown, field: string, code = "INVALID_ARGUMENT"): void =>
    expect(call).toThrow(expect.objectContaining({ code, field }));
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("boom");
      },
    },
  );
  for (const wrong of [null, undefined, 1, {}, hostile]) fails(() => watch(wrong as never, run), "model");
  fails(() => watch(tinyModel(), null as never), "run");
  fails(() => watch(tinyModel(), run, { batches: 0 }), "batches");
  fails(() => watch(tinyModel(), run, { callbacks: 1 } as never), "callbacks");
  fails(() => watch(tinyModel(), run, { model: 1 } as never), "model", "UNSUPPORTED");
});

test("a training that succeeds removes the error of an earlier one", async () => {
  const run = await ledger.startRun();
  const model = tinyModel();
  watch(model, run);
  const onTrainBegin = (): void => {
    throw new Error("no data");
  };
  await expect(model.fit(xs, ys, fitArgs({ callbacks: { onTrainBegin } }))).rejects.toThrow("no data");
  await model.fit(xs, ys, fitArgs({ epochs: 1 }));
  await run.finish();
  expect((await ledger.getRun(run.id)).tags).toEqual({ "tfjs/training": "finished" });
});
