import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createTestClock, createTestLedger } from "../../src/testing/index.ts";
import { bundle } from "../processes/bundle.ts";

test("each reading moves the clock on by 1 ms, and points have different times", async () => {
  const { ledger, clock } = await createTestLedger();
  const before = clock.now();
  expect([clock.now(), clock.now()]).toEqual([before + 1, before + 2]);
  const run = await ledger.startRun();
  for (let step = 0; step < 50; step++) run.log({ loss: step }, { step });
  await run.finish();
  const { times } = await ledger.history(run.id, "loss");
  expect(new Set(times).size).toBe(50);
  const { startTime, endTime } = await ledger.lastRun();
  expect(startTime).toBeLessThan(times[0]!);
  expect(endTime).toBeGreaterThan(times[49]!);
});

test("a custom clock stands still, ticks differently, or begins at another time", async () => {
  const still = createTestClock();
  expect([still.now(), still.now()]).toEqual([Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1)]);
  const coarse = createTestClock(0, { tickMs: 10 });
  expect([coarse.now(), coarse.now(), coarse.monotonic()]).toEqual([0, 10, 20]);
  const { clock } = await createTestLedger({ clock: 1000 });
  expect(clock.now()).toBeGreaterThanOrEqual(1000);
  expect(clock.now()).toBeLessThan(1100);
  expect(() => createTestClock(0, { tickMs: -1 })).toThrow("tickMs must be a finite number of ms, not negative");
});

test("ticks fire no timer: only advance() and sleeps do", async () => {
  const clock = createTestClock(0, { tickMs: 10 });
  let fired = 0;
  clock.timer(5, () => fired++);
  for (let i = 0; i < 5; i++) clock.now();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(fired).toBe(0);
  await clock.advance(0);
  expect(fired).toBe(1);
});

test("the environment is the same everywhere, or what the test says", async () => {
  const { ledger } = await createTestLedger();
  await ledger.withRun({}, () => {});
  expect((await ledger.lastRun()).environment).toEqual({ runtime: { name: "test" } });
  await ledger.withRun({ environment: { gpu: "A100" } }, () => {});
  expect((await ledger.lastRun()).environment).toEqual({ gpu: "A100" });
  await ledger.withRun({ environment: false }, () => {});
  expect((await ledger.lastRun()).environment).toBeUndefined();
  const other = await createTestLedger({ environment: { cpu: "x" } });
  await other.ledger.withRun({}, () => {});
  expect((await other.ledger.lastRun()).environment).toEqual({ cpu: "x" });
  await expect(createTestLedger({ environment: [] })).rejects.toMatchObject({ field: "environment" });
});

test.each([undefined, createTestClock()])("lastRun() is the run that started last", async (clock) => {
  const { ledger } = await createTestLedger({ clock });
  await expect(ledger.lastRun()).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  const first = await ledger.startRun({ name: "first" });
  expect((await ledger.lastRun()).status).toBe("running");
  const child = await first.startChild({ name: "child", experiment: "other" });
  await first.finish();
  await child.finish();
  expect((await ledger.lastRun()).name).toBe("child");
  await ledger.deleteRun(child.id);
  expect((await ledger.lastRun()).name).toBe("child");
  await ledger.withRun({ name: "third" }, () => {});
  expect((await ledger.lastRun()).name).toBe("third");
});

// The system, the time, its zone and the language differ between machines. One machine can only test this with another
// process.
test("a snapshot of a run is the same in another process, zone and language", async () => {
  const child = await bundle(new URL("snapshot-child.ts", import.meta.url));
  onTestFinished(() => child.remove());
  const snapshot = async (env: Record<string, string>): Promise<string> => {
    return (await promisify(execFile)(process.execPath, [child.script], { env: { ...process.env, ...env } })).stdout;
  };
  const [here, there] = await Promise.all([
    snapshot({ TZ: "UTC" }),
    snapshot({ TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8" }),
  ]);
  expect(JSON.parse(here)).toMatchObject({ status: "finished", startTime: Date.UTC(2026, 0, 1) + 2 });
  expect(there).toBe(here);
});
