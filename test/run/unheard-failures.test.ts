import { failOnUnhandledRejections } from "./unhandled-rejections.ts";
import { expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Ledger, type LedgerError, openLedger } from "../../src/index.ts";
import { createTestClock, type Fault, faultyBackend } from "../../src/testing/index.ts";

failOnUnhandledRejections();

const failing = (fault: Partial<Fault>): Fault => ({
  at: 1,
  times: 1000,
  mode: "error-before",
  error: { code: "UNAVAILABLE", message: "the store is down", transient: false },
  ...fault,
});

async function place(...faults: Fault[]): Promise<{ ledger: Ledger; told: LedgerError[] }> {
  const told: LedgerError[] = [];
  const backend = faultyBackend(memoryBackend(), faults);
  const ledger = await openLedger(backend, { clock: createTestClock(), onError: (error) => void told.push(error) });
  return { ledger, told };
}

const messages = (told: LedgerError[]): string[] =>
  told.map(({ code, message }) => `${code}: ${message.replace(" (injected)", "")}`);

test("an artifact that nobody awaits and that cannot be stored does not stop the training", async () => {
  const { ledger, told } = await place(failing({ only: ["create"], key: /^artifacts/ }));
  const id = await ledger.withRun({}, async (run) => {
    void run.logArtifact("checkpoint", new Uint8Array([1, 2, 3]));
    await new Promise((resolve) => setImmediate(resolve));
    run.log({ loss: 1 });
    return run.id;
  });
  expect((await ledger.getRun(id)).status).toBe("finished");
  expect(messages(told)).toEqual(['UNAVAILABLE: logArtifact("checkpoint"): the store is down']);
  expect(told[0]?.cause).toMatchObject({ code: "UNAVAILABLE" });
});

test.each<[what: string, handled: (work: Promise<unknown>) => Promise<unknown>]>([
  ["await", async (work) => await work],
  ["catch", (work) => work.catch(() => {})],
  ["allSettled", (work) => Promise.allSettled([work])],
  ["an async function that returns it", async (work) => work],
])("who handles the promise hears of the failure, and onError does not: %s", async (_, handled) => {
  const { ledger, told } = await place(failing({ only: ["create"], key: /^artifacts/ }));
  const run = await ledger.startRun();
  await handled(run.logArtifact("checkpoint", new Uint8Array(3))).catch(() => {});
  await handled(run.useArtifact("absent")).catch(() => {});
  await run.finish();
  expect(told).toEqual([]);
});

test("bad sources, references that lead nowhere and streams that fail are told, with the call", async () => {
  const { ledger, told } = await place();
  const run = await ledger.startRun();
  void run.logArtifact("model", 5 as never);
  void run.logArtifact(5 as never, new Uint8Array(1));
  void run.useArtifact("absent:best");
  const cause = new RangeError("no more rows");
  void run.logArtifact(
    "rows",
    new ReadableStream({
      pull: (controller) => controller.error(cause),
    }),
  );
  await run.finish();
  expect(messages(told).sort()).toEqual([
    expect.stringContaining('ARTIFACT_NOT_FOUND: useArtifact("absent:best"): '),
    expect.stringContaining('INVALID_ARGUMENT: logArtifact("model"): source must be '),
    expect.stringContaining("INVALID_ARGUMENT: logArtifact(): name must be "),
    'IO: logArtifact("rows"): the source of the artifact failed: no more rows',
  ]);
  void run.logArtifact("late", new Uint8Array(1));
  await expect.poll(() => told[4]).toMatchObject({ code: "RUN_CLOSED", operation: "logArtifact" });
});

test("an upload that its caller aborts is no trouble", async () => {
  const { ledger, told } = await place();
  const run = await ledger.startRun();
  void run.logArtifact("model", new Uint8Array(1), { signal: AbortSignal.abort() });
  await run.finish();
  expect(told).toEqual([]);
});

test("flush, finish and fail need not be awaited, and each failure is told once", async () => {
  const { ledger, told } = await place(failing({ times: 2, only: ["append"] }));
  const run = await ledger.startRun();
  run.log({ loss: 1 });
  void run.flush();
  await new Promise((resolve) => setImmediate(resolve));
  expect(messages(told)).toEqual(["UNAVAILABLE: the store is down"]);
  void run.finish();
  await new Promise((resolve) => setImmediate(resolve));
  expect(messages(told)).toEqual(["UNAVAILABLE: the store is down", "UNAVAILABLE: the store is down"]);
  void run.fail(new Error("boom"), { endTime: -1 });
  await run.finish();
  expect(messages(told)[2]).toContain("INVALID_ARGUMENT: fail(): endTime");
  expect(run.status).toBe("finished");
});

test("without onError, each method that is used wrongly is warned of once", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const ledger = await openLedger(memoryBackend());
    await ledger.withRun({}, (run) => {
      for (let i = 0; i < 3; i++) {
        void run.logText("prompt", 42 as never);
        void run.logHistogram("layer1/w", null as never);
      }
    });
    expect(warn.mock.calls.map(([line]) => String(line).split(" must ")[0]).sort()).toEqual([
      'runledger: logHistogram("layer1/w"): data',
      'runledger: logText("prompt"): text',
    ]);
  } finally {
    warn.mockRestore();
  }
});

test("a run that withRun cannot close is warned of, although the same trouble was told before", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const backend = faultyBackend(memoryBackend(), [failing({ only: ["create"], key: /^blobs/ })]);
    const ledger = await openLedger(backend, { clock: createTestClock() });
    const id = await ledger.withRun({}, async (run) => {
      await run.logText("sample", "x".repeat(100_000)).catch(() => {});
      return run.id;
    });
    const lines = warn.mock.calls.map(([line]) => String(line));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('logText("sample"): the store is down');
    expect(lines[1]).toContain(`run ${id} is not closed: the store is down`);
    expect((await ledger.getRun(id)).status).toBe("running");
  } finally {
    warn.mockRestore();
  }
});
