import * as tf from "@tensorflow/tfjs";
import { createTestLedger } from "runledger/testing";
import { imageOf, numbersOf, tableOf } from "runledger/tfjs";
import { expect, test } from "vitest";

const { ledger } = await createTestLedger();

test("tensors as image, histogram and table of a run", async () => {
  const run = await ledger.startRun();
  const tensor = tf.tensor2d([0, 0.5, 1, 0.25, 0.75, 1], [3, 2]);
  const before = tf.memory().numTensors;
  const image = await run.logImage("image", await imageOf(tensor));
  const histogram = await run.logHistogram("histogram", await numbersOf(tensor), { bins: 2 });
  const table = await run.logTable("table", await tableOf(tensor, ["x", "y"]));
  expect(tf.memory().numTensors).toBe(before);
  expect(await ledger.openMedia(image)).toMatchObject({ width: 2, height: 3 });
  expect(await ledger.openMedia(histogram)).toMatchObject({ counts: [2, 4] });
  expect(await ledger.openMedia(table)).toMatchObject({
    names: ["x", "y"],
    columns: { x: [0, 1, 0.75], y: [0.5, 0.25, 1] },
  });
  await run.finish();
});

test("images of integers, booleans, channels and a batch of one", async () => {
  expect(await imageOf(tf.tensor([0, 255], [1, 2, 1], "int32"))).toEqual({
    data: Uint8ClampedArray.of(0, 255),
    width: 2,
    height: 1,
    channels: 1,
  });
  expect((await imageOf(tf.tensor([true, false], [2, 1], "bool"))).data).toEqual(Uint8ClampedArray.of(255, 0));
  expect(await imageOf(tf.zeros([1, 2, 3, 4]))).toMatchObject({ width: 3, height: 2, channels: 4 });
});

test("a vector is a table of one column", async () => {
  expect(await tableOf(tf.tensor1d([1, 2], "int32"))).toEqual({ 0: Int32Array.of(1, 2) });
});

test("what is no such tensor", async () => {
  const disposed = tf.zeros([2, 2]);
  disposed.dispose();
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("boom");
      },
    },
  );
  const rejects = async (call: Promise<unknown>, field = "tensor", code = "INVALID_ARGUMENT"): Promise<void> =>
    await expect(call).rejects.toMatchObject({ code, field });
  for (const wrong of [
    null,
    undefined,
    1,
    {},
    [1],
    hostile,
    disposed,
    tf.tensor(["a"]),
    { shape: [-1], data: async () => [] },
  ]) {
    await rejects(numbersOf(wrong as never));
    await rejects(imageOf(wrong as never));
    await rejects(tableOf(wrong as never));
  }
  await rejects(imageOf(tf.zeros([2])));
  await rejects(imageOf(tf.zeros([2, 2, 5])));
  await rejects(imageOf(tf.tensor([256], [1, 1], "int32")));
  await rejects(tableOf(tf.zeros([1, 1, 1])));
  await rejects(tableOf(tf.zeros([2, 2]), ["a"]), "names");
  await rejects(tableOf(tf.zeros([2, 2]), ["a", "a"]), "names");
  await rejects(tableOf({ shape: [1e6, 1e6], dtype: "float32", data: async () => [] }), "tensor", "TOO_LARGE");
});
