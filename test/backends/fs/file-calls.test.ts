import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type * as FileCalls from "../../../src/backends/fs/file-calls.ts";

const { promises } = process.getBuiltinModule("node:fs");
const CALLS_AT_ONCE = 32;

/** The calls of Node in a test. `file-calls.ts` reads them when it is loaded. */
let stat: (path: string) => Promise<unknown>;
let calls: typeof FileCalls;
beforeEach(async () => {
  vi.resetModules();
  vi.spyOn(promises, "stat").mockImplementation(((path: string) => stat(path)) as typeof promises.stat);
  calls = await import("../../../src/backends/fs/file-calls.ts");
});
afterEach(() => vi.restoreAllMocks());

const full = (): Error => Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });

test("a bounded number of calls runs at a time, in order, even after failures", async () => {
  const begun: string[] = [];
  let underWay = 0;
  let most = 0;
  stat = async (path) => {
    begun.push(path);
    most = Math.max(most, ++underWay);
    await new Promise(setImmediate);
    underWay--;
    if (Number(path) % 3 === 0) throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    return path;
  };
  const paths = Array.from({ length: 1000 }, (_, i) => String(i));
  const results = await Promise.allSettled(paths.map((path) => calls.stat(path)));
  expect(results.map((each) => (each.status === "fulfilled" ? each.value : "failed"))).toEqual(
    paths.map((path) => (Number(path) % 3 === 0 ? "failed" : path)),
  );
  expect(begun).toEqual(paths);
  expect(most).toBe(CALLS_AT_ONCE);
});

test("calls that wait for a descriptor let the call run that frees one", async () => {
  let free = false;
  stat = async (path) => {
    if (path === "frees one") free = true;
    else if (!free) throw full();
    return path;
  };
  const waiting = Array.from({ length: 3 * CALLS_AT_ONCE }, (_, i) => calls.stat(String(i)));
  const last = calls.stat("frees one");
  await expect(Promise.all([...waiting, last])).resolves.toHaveLength(3 * CALLS_AT_ONCE + 1);
});

test("a process that never gets a descriptor gets an error after a while", async () => {
  vi.useFakeTimers();
  try {
    let tries = 0;
    stat = async () => {
      tries++;
      throw full();
    };
    const failed = calls.stat("x").then(
      () => undefined,
      (error: unknown) => error,
    );
    await vi.advanceTimersByTimeAsync(10_200);
    expect(await failed).toMatchObject({ code: "EMFILE" });
    expect(tries).toBeGreaterThan(100);
  } finally {
    vi.useRealTimers();
  }
});
