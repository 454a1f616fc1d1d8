import { expect, test } from "vitest";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger, type Run } from "../../src/index.ts";

const bytes = new TextEncoder().encode("{}");

async function startedRun(): Promise<{ backend: MemoryBackend; run: Run; told: string[] }> {
  const backend = memoryBackend();
  const told: string[] = [];
  const ledger = await openLedger(backend, { onError: ({ code, key }) => told.push(`${code} ${key}`) });
  const run = await ledger.startRun({ id: "r", environment: false });
  run.log({ x: 1 });
  await run.flush();
  return { backend, run, told };
}

async function assertReadable(backend: MemoryBackend): Promise<void> {
  const other = await openLedger(backend);
  expect(await other.getRun("r")).toMatchObject({ status: "finished", metrics: { x: { count: 2 } } });
  expect([...(await other.history("r", "x")).values]).toEqual([1, 2]);
  expect((await other.searchRuns()).runs.map(({ id }) => id)).toEqual(["r"]);
}

test.each(["run.999999999.json", "metrics.999999999.parquet", "metrics.999999999.overview"])(
  "a stray %s: finish() says that there is no number left, and the run stays readable",
  async (name) => {
    const { backend, run, told } = await startedRun();
    await backend.create(`runs/r/${name}`, bytes);
    run.log({ x: 2 });
    await run.finish();
    expect(told).toEqual([expect.stringMatching(/^TOO_LARGE runs\/r\/(run|metrics)\.999999999\./)]);
    expect([...backend.snapshot().keys()].filter((key) => /\d{10}/.test(key))).toEqual([]);
    await assertReadable(backend);
    const again = await (await openLedger(backend, { onError() {} })).resumeRun("r");
    await again.finish();
    await assertReadable(backend);
  },
);

test("a stray run.999999998.json leaves one more number", async () => {
  const { backend, run, told } = await startedRun();
  await backend.create("runs/r/run.999999998.json", bytes);
  run.log({ x: 2 });
  await run.finish();
  expect(told).toEqual([]);
  await assertReadable(backend);
});

test("a stray fence with the greatest number: an exclusive session is refused, and another one can join", async () => {
  const { backend, run, told } = await startedRun();
  run.log({ x: 2 });
  await run.finish();
  await backend.create("runs/r/fences/999999999999.json", bytes);
  const ledger = await openLedger(backend);
  await expect(ledger.resumeRun("r", { mode: "exclusive" })).rejects.toMatchObject({
    code: "TOO_LARGE",
    key: "runs/r/fences/999999999999.json",
  });
  expect([...backend.snapshot().keys()].filter((key) => key.includes("/fences/"))).toHaveLength(1);
  await (await ledger.resumeRun("r")).finish();
  expect(told).toEqual([]);
  await assertReadable(backend);
});
