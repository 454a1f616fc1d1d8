import { type LedgerError, openLedger } from "runledger";
import type { Backend } from "runledger/backend";
import { memoryBackend } from "runledger/backends/memory";
import { checkpoint, resumeTraining } from "runledger/tfjs";
import { afterEach, expect, test, vi } from "vitest";
import { type Call, intercept, type Operation } from "../../../src/testing/intercept.ts";
import { fitArgs, tinyModel, xs, ys } from "./tiny-model.ts";

afterEach(() => void vi.useRealTimers());

/** Returns a backend whose calls on artifacts wait while it is held. */
function holdingBackend(only: Operation): { backend: Backend; hold(): () => void } {
  let held: Promise<void> | undefined;
  const isHeld = ({ operation, key }: Call): boolean => operation === only && key.startsWith("artifacts/");
  const backend = intercept(memoryBackend(), {
    call: async (call, proceed) => {
      if (isHeld(call)) await held;
      return await proceed();
    },
    async *list(call, proceed) {
      if (isHeld(call)) await held;
      yield* proceed();
    },
  });
  const hold = (): (() => void) => {
    let release!: () => void;
    held = new Promise<void>((resolve) => (release = resolve));
    return release;
  };
  return { backend, hold };
}

const logs = { loss: 1, val_loss: 1 };

test("a training that is killed in an epoch has the checkpoints of all epochs before", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ id: "k" });
  const model = tinyModel();
  const callback = checkpoint(run, { model });
  const stored: unknown[] = [];
  const onEpochEnd: typeof callback.onEpochEnd = async (epoch, given) => {
    await callback.onEpochEnd(epoch, given);
    // What another process finds now is what a kill leaves behind.
    const other = await openLedger(backend);
    stored.push((await other.artifactVersions("checkpoints/k")).map(({ metadata }) => metadata["epoch"]));
  };
  await model.fit(xs, ys, fitArgs({ epochs: 4, callbacks: { ...callback, onEpochEnd } as never }));
  expect(stored).toEqual([[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]);
  await run.finish();
});

test("every n-th epoch, the best and the last are stored, and none is dropped, if the training is fast", async () => {
  const errors: LedgerError[] = [];
  const ledger = await openLedger(memoryBackend(), { onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ id: "n" });
  const callback = checkpoint(run, { model: tinyModel(), every: 2 });
  await callback.onTrainBegin();
  for (let epoch = 0; epoch < 13; epoch++) await callback.onEpochEnd(epoch, { val_loss: epoch === 4 ? 1 : 2 + epoch });
  await callback.onTrainEnd();
  const versions = await ledger.artifactVersions("checkpoints/n");
  expect(versions.map(({ metadata }) => metadata["epoch"])).toEqual([0, 1, 3, 4, 5, 7, 9, 11, 12]);
  expect(errors).toEqual([]);
  await run.finish();
});

test("storage that hangs holds the training up once, and is reported", async () => {
  const errors: LedgerError[] = [];
  const { backend, hold } = holdingBackend("create");
  const ledger = await openLedger(backend, { onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ id: "h" });
  const model = tinyModel();
  const callback = checkpoint(run, { model, maxWaitMs: 10 });
  await callback.onTrainBegin();
  await callback.onEpochEnd(0, logs);
  const release = hold();
  for (let epoch = 1; epoch < 4; epoch++) await callback.onEpochEnd(epoch, logs);
  expect(errors.map(({ code, message }) => [code, message.slice(0, 52)])).toEqual([
    ["UNAVAILABLE", "the checkpoint of epoch 1 is not stored after 10 ms."],
  ]);
  release();
  await callback.onTrainEnd();
  await callback.onEpochEnd(4, logs);
  const versions = await ledger.artifactVersions("checkpoints/h");
  expect(versions.map(({ metadata }) => metadata["epoch"])).toEqual([0, 1, 2, 3, 4]);
  await run.finish();
});

test("the end of a training does not wait for ever, and the end of the run stores what waits", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const errors: LedgerError[] = [];
  const { backend, hold } = holdingBackend("create");
  const ledger = await openLedger(backend, { onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ id: "e" });
  const callback = checkpoint(run, { model: tinyModel(), maxWaitMs: 0 });
  const release = hold();
  await callback.onTrainBegin();
  for (let epoch = 0; epoch < 3; epoch++) await callback.onEpochEnd(epoch, logs);
  const ended = callback.onTrainEnd();
  await vi.advanceTimersByTimeAsync(30_000);
  await ended;
  expect(errors.map(({ code, operation }) => [code, operation])).toEqual([["UNAVAILABLE", "checkpoint"]]);
  release();
  await run.finish();
  const epochs = (await ledger.artifactVersions("checkpoints/e")).map(({ metadata }) => metadata["epoch"]);
  expect(epochs.toSorted()).toEqual([0, 1, 2]);
});

test("earlier checkpoints that cannot be read do not hold the training up for ever", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const errors: LedgerError[] = [];
  const { backend, hold } = holdingBackend("list");
  const ledger = await openLedger(backend, { onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ id: "l" });
  const model = tinyModel();
  const callback = checkpoint(run, { model });
  const release = hold();
  await callback.onTrainBegin();
  const epoch = callback.onEpochEnd(0, logs);
  await vi.advanceTimersByTimeAsync(30_000);
  release();
  await epoch;
  await callback.onTrainEnd();
  expect(errors.map(({ code, message }) => [code, message.slice(0, 31)])).toEqual([
    ["UNAVAILABLE", "checkpoint: the earlier checkpo"],
  ]);
  expect(await resumeTraining(model, run)).toBe(1);
  await run.finish();
});
