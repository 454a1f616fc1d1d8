import * as tf from "@tensorflow/tfjs";
import { type LedgerError, openLedger, type Run } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { checkpoint, resumeTraining } from "runledger/tfjs";
import { beforeEach, expect, test } from "vitest";
import { tinyModel } from "./tiny-model.ts";

const errors: LedgerError[] = [];
const ledger = await openLedger(memoryBackend(), { onError: (error) => errors.push(error) });
beforeEach(() => void (errors.length = 0));

/** Returns a model whose first weight says which one it is. */
function modelOf(mark: number): tf.Sequential {
  const model = tinyModel();
  model.setWeights(model.getWeights().map((weight) => tf.fill(weight.shape, mark)));
  return model;
}
const markOf = (model: tf.LayersModel): number => model.getWeights()[0]!.dataSync()[0]!;

/** Stores checkpoints of epochs, whose models are marked with `mark + epoch`. */
async function train(run: Run, epochs: readonly number[], mark: number): Promise<void> {
  for (const epoch of epochs) {
    const callback = checkpoint(run, { model: modelOf(mark + epoch) });
    await callback.onTrainBegin();
    await callback.onEpochEnd(epoch, { loss: 1 });
    await callback.onTrainEnd();
  }
}

test("a fork goes on from the checkpoint at its step, through a chain of forks, or from its own", async () => {
  const first = await ledger.startRun({ id: "first" });
  await train(first, [0, 1, 2, 3], 100);
  const second = await ledger.startRun({ id: "second", forkOf: { run: "first", step: 2 } });
  const third = await ledger.startRun({ id: "third", forkOf: { run: "second", step: 5 } });
  for (const run of [second, third]) {
    const model = modelOf(0);
    expect(await resumeTraining(model, run)).toBe(3);
    expect(markOf(model)).toBe(102);
  }
  await train(second, [3, 4], 200);
  const model = modelOf(0);
  expect([await resumeTraining(model, third), markOf(model)]).toEqual([5, 204]);
  expect([await resumeTraining(model, third, { epoch: 1 }), markOf(model)]).toEqual([2, 101]);
  expect([await resumeTraining(model, third, { name: "checkpoints/first" }), markOf(model)]).toEqual([4, 103]);
  await expect(resumeTraining(model, second, { epoch: 9 })).rejects.toMatchObject({
    code: "ARTIFACT_NOT_FOUND",
    message: expect.stringContaining("of epoch 9"),
  });
  expect(errors).toEqual([]);
});

test("a fork that finds no checkpoint begins at 0 and says so", async () => {
  await ledger.startRun({ id: "empty" });
  const fork = await ledger.startRun({ forkOf: { run: "empty", step: 0 } });
  expect(await resumeTraining(tinyModel(), fork)).toBe(0);
  expect(errors).toMatchObject([{ code: "ARTIFACT_NOT_FOUND", message: expect.stringContaining("forked from") }]);
});

test("a chain of more than 100 forks is reported where its end is not looked at", async () => {
  for (let i = 0; i <= 101; i++)
    await ledger.startRun({ id: `link-${i}`, ...(i > 0 && { forkOf: { run: `link-${i - 1}`, step: 0 } }) });
  const fork = await ledger.startRun({ forkOf: { run: "link-99", step: 0 } });
  expect(await resumeTraining(tinyModel(), fork)).toBe(0);
  expect(errors).toMatchObject([{ code: "ARTIFACT_NOT_FOUND" }]);
  errors.length = 0;
  const longer = await ledger.startRun({ forkOf: { run: "link-101", step: 0 } });
  expect(await resumeTraining(tinyModel(), longer)).toBe(0);
  expect(errors).toMatchObject([
    { code: "CORRUPT", operation: "resumeTraining", message: expect.stringContaining("more than 100 forks in a row") },
    { code: "ARTIFACT_NOT_FOUND" },
  ]);
});

test("a model that is not compiled gets its weights, and its missing optimizer is reported", async () => {
  const run = await ledger.startRun();
  await train(run, [0], 7);
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [2] }), tf.layers.dense({ units: 1 })],
  });
  expect([await resumeTraining(model, run), markOf(model)]).toEqual([1, 7]);
  expect(errors).toMatchObject([
    { code: "INVALID_ARGUMENT", field: "model", message: expect.stringContaining("Adam") },
  ]);
});

test("a wrong epoch is refused", async () => {
  const run = await ledger.startRun();
  for (const epoch of [-1, 0.5, "1"])
    await expect(resumeTraining(tinyModel(), run, { epoch } as never)).rejects.toMatchObject({ field: "epoch" });
  await expect(resumeTraining(tinyModel(), run, { epoch: 0 })).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
});
