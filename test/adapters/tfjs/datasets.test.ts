import * as tf from "@tensorflow/tfjs";
import { expect, test } from "vitest";
import { createTestLedger } from "../../../src/testing/index.ts";

test("tensors are data sets: as columns, alone, of any type, but not once they are disposed", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const pixels = [
    [1, 2],
    [3, 4],
  ];
  const xs = tf.tensor2d(pixels);
  const ys = tf.tensor1d([0, 1], "int32");
  expect(await run.logDataset("digits", { xs, ys })).toEqual(
    await run.logDataset(
      "digits",
      pixels.map((row, i) => ({ xs: row, ys: i })),
    ),
  );
  expect(await run.logDataset("images", tf.zeros([3, 4, 4, 1]))).toMatchObject({
    rows: 3,
    schema: [{ name: "data", type: "list" }],
    profile: { data: { nulls: 0, min: 0, max: 0, mean: 0 } },
  });
  expect(await run.logDataset("names", tf.tensor(["a", "b"]))).toMatchObject({ schema: [{ type: "string" }] });
  const answers = await run.logDataset("answers", tf.tensor([true, false]), { store: true });
  expect(answers).toMatchObject({ schema: [{ type: "boolean" }], artifact: "answers:v0" });
  xs.dispose();
  await expect(run.logDataset("gone", { xs })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "source.xs",
    message: expect.stringContaining("disposed") as string,
  });
  await run.finish();
});
