import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { Ledger, LedgerError, Run } from "../../src/index.ts";
import { openLedger, type SystemOptions } from "../../src/node/index.ts";
// Loaded on demand otherwise, for which the tests would have to wait.
import { CgroupUsage } from "../../src/node/system/measuring.ts";
import { machineMemory, machineTimes, networkBytes, processIo } from "../../src/node/system/proc.ts";
import { createTestClock, type TestClock } from "../../src/testing/test-clock.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const INTERVAL = 1000;

interface World {
  readonly ledger: Ledger;
  readonly clock: TestClock;
  readonly errors: LedgerError[];
  /** Lets intervals pass until the run has rows of the system at this step. */
  sampled(run: Run, step: number): Promise<void>;
}

async function world(system: SystemOptions = {}): Promise<World> {
  const clock = createTestClock();
  const errors: LedgerError[] = [];
  const ledger = await openLedger(memoryBackend(), {
    clock,
    onError: (error) => errors.push(error),
    capture: { environment: false, system: { intervalMs: INTERVAL, ...system } },
  });
  const sampled = async (run: Run, step: number): Promise<void> => {
    for (;;) {
      await clock.advance(INTERVAL);
      await run.flush();
      const history = await ledger.history(run.id, "system/process/memory/rss");
      if (history.steps.includes(step)) return;
    }
  };
  return { ledger, clock, errors, sampled };
}

test("rows of the system take the greatest step so far, and change no step of other rows", async () => {
  const { ledger, sampled, errors } = await world();
  const run = await ledger.startRun();
  await sampled(run, 0);
  run.log({ loss: 1 });
  await sampled(run, 0);
  run.log({ loss: 1 }, { step: 7 });
  await sampled(run, 7);
  run.log({ loss: 1 });
  await run.finish();
  const only = await ledger.startRun();
  await sampled(only, 0);
  await only.finish();
  for (const [{ id }, next] of [
    [run, 9],
    [only, 1],
  ] as const) {
    const again = await ledger.resumeRun(id);
    again.log({ loss: 1 });
    await again.finish();
    expect((await ledger.getRun(id)).metrics["loss"]!.last.step).toBe(next);
  }
  expect([...(await ledger.history(run.id, "loss")).steps]).toEqual([0, 7, 8, 9]);
  expect((await ledger.history(run.id, "system/process/memory/rss")).steps[0]).toBe(0);
  expect(errors).toEqual([]);
});

test("the metrics are sensible", async () => {
  const { ledger, sampled } = await world();
  const run = await ledger.startRun();
  await sampled(run, 0);
  await run.finish();
  const { metrics } = await ledger.getRun(run.id);
  const value = (key: string): number => metrics[key]!.last.value;
  expect(value("system/process/memory/rss")).toBeGreaterThan(value("system/process/memory/heap"));
  expect(value("system/process/cpu/percent")).toBeGreaterThanOrEqual(0);
  expect(value("system/memory/used")).toBeGreaterThan(1e6);
  expect(value("system/memory/percent")).toBeLessThanOrEqual(100);
  for (const { min, max } of Object.values(metrics)) expect(Number.isFinite(min!.value + max!.value)).toBe(true);
});

test("nothing is measured after the end of a run, or if it is off", async () => {
  const { ledger, clock, sampled } = await world();
  const run = await ledger.startRun();
  await sampled(run, 0);
  await run.finish();
  const { metrics } = await ledger.getRun(run.id);
  await clock.advance(10 * INTERVAL);
  expect((await ledger.getRun(run.id)).metrics).toEqual(metrics);

  const off = await openLedger(memoryBackend(), { clock, capture: { environment: false, system: false } });
  const other = await off.startRun();
  await clock.advance(100_000);
  await other.finish();
  expect((await off.getRun(other.id)).metrics).toEqual({});
});

test("a run that ends before the first measurement has none", async () => {
  const { ledger, clock } = await world();
  const run = await ledger.startRun();
  await run.finish();
  await clock.advance(10 * INTERVAL);
  expect((await ledger.getRun(run.id)).metrics).toEqual({});
});

test.skipIf(process.platform === "win32")(
  "GPUs are asked for on demand, and their failure costs nothing else",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "runledger-smi-"));
    try {
      const program = join(directory, "nvidia-smi");
      await writeFile(program, '#!/bin/sh\necho "0, 37, 1024"\necho "1, [N/A], 2048"\n');
      await chmod(program, 0o755);
      vi.stubEnv("PATH", `${directory}${delimiter}${process.env["PATH"]}`);
      const { ledger, sampled, errors } = await world({ gpu: true });
      const run = await ledger.startRun();
      await sampled(run, 0);
      expect((await ledger.getRun(run.id)).metrics).toMatchObject({
        "system/gpu/0/percent": { last: { value: 37 } },
        "system/gpu/0/memory": { last: { value: 1024 * 1024 * 1024 } },
        "system/gpu/1/memory": { last: { value: 2048 * 1024 * 1024 } },
      });
      expect(errors).toEqual([]);
      await rm(program);
      vi.stubEnv("PATH", directory);
      run.log({ loss: 1 });
      await sampled(run, 0);
      await run.finish();
      expect(errors[0]).toMatchObject({ code: "IO", cause: { message: "there is no nvidia-smi" } });
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    }
  },
);

test("counters of Linux are read as the kernel means them", () => {
  expect(machineTimes("cpu  100 10 50 800 40 0 0 0 30 0\ncpu0 1 2\n")).toEqual({ busy: 160, total: 1000 });
  expect(machineMemory("MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\n")).toEqual({
    used: 600 * 1024,
    total: 1000 * 1024,
  });
  expect(processIo("rchar: 9\nread_bytes: 10\nwrite_bytes: 20\ncancelled_write_bytes: 5\n")).toEqual({
    read: 10,
    written: 20,
  });
  const header = "Inter-|   Receive\n face |bytes    packets\n";
  const devices = `${header}    lo: 5 0 0 0 0 0 0 0 5 0\n  eth0: 100 1 0 0 0 0 0 0 200 2\nwlan0:7 1 0 0 0 0 0 0 8 2\n`;
  expect(networkBytes(devices)).toEqual({ received: 107, sent: 208 });
  for (const read of [machineTimes, processIo]) expect(read("something else")).toBeUndefined();
});

test.each([1, 2] as const)("what a container uses, with cgroup v%i", async (cgroup) => {
  const group = await mkdtemp(join(tmpdir(), "runledger-cgroup-"));
  try {
    const files =
      cgroup === 2
        ? { "memory.current": "900\n", "memory.stat": "anon 1\ninactive_file 300\n", "cpu.stat": "usage_usec 5000\n" }
        : {
            "memory.usage_in_bytes": "900\n",
            "memory.stat": "total_inactive_file 300\n",
            "cpuacct.usage": "5000000\n",
          };
    for (const [name, text] of Object.entries(files)) await writeFile(join(group, name), text);
    const usage = new CgroupUsage({ cgroup, cores: { limit: 2, group }, memory: { limit: 1000, group } });
    expect([usage.cores, usage.cpu(), usage.memory()]).toEqual([2, 5000, { used: 600, total: 1000 }]);
    const none = new CgroupUsage(undefined);
    expect([none.cores, none.cpu(), none.memory()]).toEqual([undefined, undefined, undefined]);
  } finally {
    await rm(group, { recursive: true, force: true, maxRetries: 10 });
  }
});
