import * as tf from "@tensorflow/tfjs";
import { createTestLedger } from "runledger/testing";
import { checkpoint, tfCallback } from "runledger/tfjs";
import { expect, test } from "vitest";
import { fitArgs, tinyModel, xs, ys } from "./tiny-model.ts";

const { ledger } = await createTestLedger();

test("runs of the same program have the same params: without names that TF.js makes up, and where a training began", async () => {
  const ids: string[] = [];
  for (const initialEpoch of [0, 1]) {
    const run = await ledger.startRun({ experiment: "sweep", params: { seed: initialEpoch } });
    const model = tinyModel();
    await model.fit(xs, ys, fitArgs({ epochs: 2, initialEpoch, callbacks: tfCallback(run, { tf, model }) }));
    await run.finish();
    ids.push(run.id);
  }
  const [first, second] = await Promise.all(ids.map(async (id) => (await ledger.getRun(id)).params["tfjs"]));
  expect(second).toEqual(first);
  const groups = await ledger.summarise({ experiment: "sweep", groupBy: { allParamsExcept: ["seed"] } });
  expect(groups.map(({ runs }) => runs)).toEqual([2]);
});

test("a name of the user's and the class of a functional model", async () => {
  const names: unknown[] = [];
  const input = tf.input({ shape: [2] });
  const outputs = tf.layers.dense({ units: 1 }).apply(input) as tf.SymbolicTensor;
  for (const model of [
    tf.sequential({ name: "mine_1", layers: [tf.layers.dense({ units: 1, inputShape: [2] })] }),
    tf.model({ inputs: input, outputs }),
  ]) {
    const run = await ledger.startRun();
    const callback = tfCallback(run, { model });
    await callback.onTrainBegin();
    await run.finish();
    const { params } = await ledger.getRun(run.id);
    names.push((params as { tfjs: { model: { name?: string } } }).tfjs.model.name);
  }
  expect(names).toEqual(["mine_1", undefined]);
});

test("losses and accuracies get goals, unless the program has defined some", async () => {
  const id = "goals";
  const play = async (resume: boolean, define: boolean): Promise<void> => {
    const run = resume ? await ledger.resumeRun(id) : await ledger.startRun({ id });
    if (define) {
      run.defineMetric("val/loss", { goal: "maximize", unit: "nats" });
      run.defineMetric("val/pre*", { goal: "minimize" });
    }
    const logs = { loss: 1, val_loss: 2, val_acc: 0.5, val_precision: 1, val_recall_1: 1, f1: 0.1 };
    for (const callback of [tfCallback(run), checkpoint(run, { monitor: "train/f1", mode: "max", every: false })]) {
      await callback.onTrainBegin();
      await callback.onEpochEnd(0, logs);
      await callback.onTrainEnd();
    }
    await run.finish();
  };
  const expected = {
    "train/loss": { goal: "minimize" },
    "val/loss": { goal: "maximize", unit: "nats" },
    "val/accuracy": { goal: "maximize" },
    "val/pre*": { goal: "minimize" },
    "val/recall_1": { goal: "maximize" },
    "train/f1": { goal: "maximize" },
  };
  await play(false, true);
  expect((await ledger.getRun(id)).metricDefinitions).toEqual(expected);
  await play(true, false);
  expect((await ledger.getRun(id)).metricDefinitions).toEqual(expected);
});

test("the mode of a checkpoint comes before the goal that its metric seems to have", async () => {
  const run = await ledger.startRun();
  const callbacks = [tfCallback(run), checkpoint(run, { monitor: "val_loss", mode: "max", every: false })];
  for (const callback of callbacks) await callback.onEpochEnd(0, { val_loss: 2 });
  await callbacks[0]!.onEpochEnd(1, { val_loss: 3 });
  await run.finish();
  expect((await ledger.getRun(run.id)).metricDefinitions).toEqual({ "val/loss": { goal: "maximize" } });
});

test("flags are a text and no param, because TF.js sets them when it first needs them", async () => {
  const run = await ledger.startRun();
  const callback = tfCallback(run, { tf: { getBackend: () => "cpu", env: () => ({ flags: { DEBUG: false } }) } });
  for (let training = 0; training < 2; training++) await callback.onTrainBegin();
  await run.finish();
  const { params } = await ledger.getRun(run.id);
  expect(params["tfjs"]).toEqual({ backend: "cpu" });
  const [entry, ...others] = await ledger.media(run.id);
  expect([entry?.key, others]).toEqual(["tfjs/flags", []]);
  expect(await ledger.openMedia(entry!)).toMatchObject({ text: '{"DEBUG":false}' });
});
