import * as tf from "@tensorflow/tfjs";
import { createTestLedger } from "runledger/testing";
import { mix, tfCallback } from "runledger/tfjs";
import { expect, test } from "vitest";
import { fitArgs, tinyModel, xs, ys } from "./tiny-model.ts";

const { ledger } = await createTestLedger();

/** Orders of three. */
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

for (const [name, options] of [
  ["with tf", { tf }],
  ["without tf", {}],
] as const) {
  test.each(ORDERS)(`${name}: plain, early stopping and ours in the order %i %i %i`, async (...order) => {
    const run = await ledger.startRun();
    const seen: unknown[] = [];
    const plain: tf.CustomCallbackArgs = {
      onEpochEnd: (epoch, logs) => void seen.push(epoch, typeof logs?.["loss"]),
      onTrainEnd: () => void seen.push("end"),
    };
    // Nothing can be better than -1, so it stops after two epochs.
    const stopping = tf.callbacks.earlyStopping({ monitor: "loss", mode: "min", baseline: -1, patience: 2 });
    const all = [plain, stopping, tfCallback(run)];
    const callbacks = mix(
      order.map((i) => all[i]!),
      options,
    );
    await tinyModel().fit(xs, ys, fitArgs({ epochs: 5, callbacks }));
    await run.finish();
    expect(seen).toEqual([0, "number", 1, "number", "end"]);
    expect((await ledger.getRun(run.id)).metrics["train/loss"]?.count).toBe(2);
  });
}

test("plain callbacks alone stay a plain list, and go on in a hidden page", async () => {
  const run = await ledger.startRun();
  const own = { onEpochEnd: () => {}, nextFrameFunc: async () => {} };
  const [first, second, third] = mix([{ onEpochEnd: () => {} }, own, tfCallback(run)]);
  expect(first?.nextFrameFunc).toBeTypeOf("function");
  expect(second).toBe(own);
  expect(third?.onBatchEnd).toBeUndefined();
  expect(mix(undefined)).toEqual([]);
  expect(mix(own)).toEqual([own]);
  await run.finish();
});

test('a sampling callback works with yieldEvery: "never"', async () => {
  const run = await ledger.startRun();
  const callbacks = mix(tfCallback(run, { batches: "yield" }), { yieldEvery: "never" });
  await tinyModel().fit(xs, ys, fitArgs({ epochs: 1, yieldEvery: "never", callbacks }));
  await run.finish();
  expect((await ledger.getRun(run.id)).metrics["train/loss"]?.count).toBe(1);
});

test("plain hooks for batches get numbers behind a callback of TF.js, and its Scalars stay", async () => {
  const seen: unknown[] = [];
  const plain = { onBatchEnd: (batch: number, logs?: tf.Logs) => void seen.push(batch, typeof logs?.["loss"]) };
  const stopping = tf.callbacks.earlyStopping({ monitor: "loss", patience: 9 });
  const history = await tinyModel().fit(xs, ys, fitArgs({ epochs: 1, callbacks: mix([plain, stopping]) }));
  expect(seen).toEqual([0, "number", 1, "number", 2, "number"]);
  expect(history.history["loss"]).toEqual([expect.any(Number)]);
});

test("what is no callback", () => {
  const boom = (): never => {
    throw new Error("boom");
  };
  for (const wrong of [1, "loss", [null], [() => {}], [new Proxy({}, { get: boom, has: boom })]])
    expect(() => mix(wrong as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "callbacks" }),
    );
});
