import { createTestLedger } from "runledger/testing";
import { tfCallback, watch } from "runledger/tfjs";
import { expect, test } from "vitest";

const { ledger } = await createTestLedger();

/** A Scalar of a GPU: its value comes when `arrive` is called. */
function lateScalar(value: number): { data(): Promise<number[]>; arrive: () => void } {
  let arrive!: () => void;
  const values = new Promise<number[]>((resolve) => (arrive = () => resolve([value])));
  return { data: () => values, arrive };
}

/** Returns whether the promise resolves before everything that is ready now. */
async function isReady(promise: Promise<unknown>): Promise<boolean> {
  const later = new Promise<"later">((resolve) => setImmediate(resolve, "later"));
  return (await Promise.race([promise.then(() => "ready"), later])) === "ready";
}

test("the training goes on while a few batches are read; values keep the order of the batches", async () => {
  const run = await ledger.startRun();
  const callback = tfCallback(run, { batches: 1 });
  const scalars = Array.from({ length: 9 }, (_, i) => lateScalar(i / 10));
  callback.setParams({ epochs: 1 }); // So TF.js does in a list that gives Scalars.
  await callback.onTrainBegin();
  for (const [batch, loss] of scalars.slice(0, 8).entries()) await callback.onBatchEnd!(batch, { loss });
  const ninth = callback.onBatchEnd!(8, { loss: scalars[8] });
  expect(await isReady(ninth)).toBe(false);
  const epoch = callback.onEpochEnd(0, { loss: 0.5 });
  for (const scalar of scalars.slice(1)) scalar.arrive();
  expect(await isReady(Promise.race([ninth, epoch]))).toBe(false);
  scalars[0]!.arrive();
  await Promise.all([ninth, epoch]);
  await run.finish();
  const { steps, values } = await ledger.history(run.id, "batch/loss");
  expect([...steps]).toEqual(scalars.map((_, i) => i));
  expect([...values]).toEqual(scalars.map((_, i) => i / 10));
});

test("a training that may be stopped by a value waits for it", async () => {
  const run = await ledger.startRun();
  const model = { stopTraining: false };
  const callback = tfCallback(run, { batches: 1, onNaN: "stop", model });
  const loss = lateScalar(Number.NaN);
  const batch = callback.onBatchEnd!(0, { loss });
  expect(await isReady(batch)).toBe(false);
  loss.arrive();
  await batch;
  expect(model.stopTraining).toBe(true);
  await run.finish();
});

test("a training that fails keeps the batches that were still read", async () => {
  const run = await ledger.startRun();
  const loss = lateScalar(0.25);
  type Callbacks = { callbacks: { onBatchEnd?: (batch: number, logs: object) => Promise<void> }[] };
  const model = {
    fit: async (_: unknown, __: unknown, { callbacks }: Callbacks) => {
      for (const callback of callbacks) await callback.onBatchEnd?.(0, { loss });
      setImmediate(loss.arrive);
      throw new Error("out of memory");
    },
  };
  watch(model as never, run, { batches: 1 });
  await expect(model.fit(0, 0, { callbacks: [] })).rejects.toThrow("out of memory");
  await run.finish();
  expect([...(await ledger.history(run.id, "batch/loss")).values]).toEqual([0.25]);
});
