import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { override } from "../artifacts/fixtures.ts";
import { type LedgerError, openLedger, type Run } from "../../src/index.ts";

/** A tensor whose values never come. */
const unsettled = { shape: [1], dtype: "float32", data: () => new Promise<never>(() => {}) };

test("flush waits for artifacts and data sets that were begun before it", async () => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun({ id: "r" });
  void run.logArtifact("m", new Uint8Array(1000));
  void run.logDataset("d", [{ a: 1 }], { store: true });
  void run.logDataset("e", [{ a: 2 }]);
  await run.flush();
  const { artifacts, datasets } = await ledger.getRun("r");
  expect(artifacts.map(({ name }) => name).toSorted()).toEqual(["d", "m"]);
  expect(datasets.map(({ name }) => name).toSorted()).toEqual(["d", "e"]);
  expect(await ledger.artifactVersions("m")).toHaveLength(1);
  void run.useArtifact("m");
  await run.flush();
  expect((await ledger.getRun("r")).inputs).toMatchObject([{ name: "m" }]);
  await run.finish();
});

test("an artifact that cannot be stored does not make flush reject, and flush stores points without it", async () => {
  const errors: LedgerError[] = [];
  const ledger = await openLedger(memoryBackend(), { onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ id: "r" });
  let fail!: (reason: Error) => void;
  const slow = new Promise<Uint8Array>((_resolve, reject) => {
    fail = reject;
  });
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    yield await slow;
  }
  run.log({ loss: 1 });
  const failed = run.logArtifact("m", source());
  let isFlushed = false;
  const flushed = run.flush().then(() => (isFlushed = true));
  // The points are there before the artifact is.
  await expect.poll(async () => (await ledger.getRun("r")).metrics["loss"]?.count).toBe(1);
  expect(isFlushed).toBe(false);
  fail(new Error("no such file"));
  await expect(failed).rejects.toThrow("no such file");
  await flushed;
  expect(errors).toEqual([]);
  await run.finish();
});

test("finish stores the points while it waits for an upload", async () => {
  const memory = memoryBackend();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const backend = override(memory, (inner) => ({
    create: async (key, body, options) => {
      if (key.startsWith("blobs/")) await held;
      await inner.create(key, body, options);
    },
  }));
  const ledger = await openLedger(backend);
  const reader = await openLedger(memory);
  // No timer and no number of points flushes.
  const run = await ledger.startRun({ id: "r", flush: { intervalMs: 3_600_000 } });
  const uploaded = run.logArtifact("m", new Uint8Array(1000));
  run.log({ loss: 1 });
  const finished = run.finish();
  await expect.poll(async () => (await reader.getRun("r")).metrics["loss"]?.count).toBe(1);
  expect((await reader.getRun("r")).status).toBe("running");
  release();
  await finished;
  await uploaded;
  expect(await reader.getRun("r")).toMatchObject({ status: "finished", artifacts: [{ name: "m" }] });
});

test.each<[string, (run: Run, signal: AbortSignal) => Promise<unknown>]>([
  ["a stream as an artifact", (run, signal) => run.logArtifact("a", new ReadableStream(), { signal })],
  ["a stream as a data set", (run, signal) => run.logDataset("d", new ReadableStream(), { signal })],
  ["a stream to store", (run, signal) => run.logDataset("d", new ReadableStream(), { signal, store: true })],
  ["a tensor", (run, signal) => run.logDataset("t", unsettled, { signal })],
  ["a tensor to store", (run, signal) => run.logDataset("t", unsettled, { signal, store: true })],
])("finish waits for %s that never ends, while points are stored, until a signal is aborted", async (_name, log) => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun({ id: "r", flush: { intervalMs: 10 } });
  const controller = new AbortController();
  const logged = log(run, controller.signal);
  run.log({ loss: 1 });
  let isFinished = false;
  const finished = run.finish().then(() => (isFinished = true));
  await expect.poll(async () => (await ledger.getRun("r")).metrics["loss"]?.count).toBe(1);
  expect(isFinished).toBe(false);
  const reason = new Error("too slow");
  controller.abort(reason);
  await expect(logged).rejects.toBe(reason);
  await finished;
  expect(await ledger.getRun("r")).toMatchObject({ status: "finished", artifacts: [], datasets: [] });
});
