import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import type * as OnDemand from "../../src/platform/on-demand.ts";

const fs = process.getBuiltinModule("node:fs");
const full = (): Error => Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });

let onDemand: typeof OnDemand.onDemand;
let loadAllLater: typeof OnDemand.loadAllLater;
beforeEach(async () => {
  vi.resetModules();
  ({ onDemand, loadAllLater } = await import("../../src/platform/on-demand.ts"));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

describe("a part that is loaded on demand", () => {
  test("is loaded once for all callers", async () => {
    const load = vi.fn<() => Promise<unknown>>(async () => ({ a: 1 }));
    const part = onDemand(load);
    expect(load).not.toHaveBeenCalled();
    const parts = await Promise.all([part(), part(), part()]);
    expect(new Set([...parts, await part()]).size).toBe(1);
    expect(load).toHaveBeenCalledTimes(1);
  });

  test("is loaded again by the next call after a failure", async () => {
    const cause = new Error("offline");
    const load = vi.fn<() => Promise<unknown>>(async () => "loaded").mockRejectedValueOnce(cause);
    const part = onDemand(load);
    const [first, second] = await Promise.all([rejection(part()), rejection(part())]);
    expect(first).toMatchObject({ code: "IO", cause });
    expect(LedgerError.is(first)).toBe(true);
    expect(second).toBe(first);
    expect(await part()).toBe("loaded");
    expect(load).toHaveBeenCalledTimes(2);
  });

  test("begins to load only while the process has descriptors, of which it keeps none", async () => {
    const { openSync } = fs;
    const closeSync = vi.spyOn(fs, "closeSync");
    let opened = 0;
    let left = 0;
    vi.spyOn(fs, "openSync").mockImplementation(((...call: Parameters<typeof openSync>) => {
      if (opened++ > 5) left = Infinity;
      if (left-- <= 0) throw full();
      return openSync(...call);
    }) as typeof openSync);
    const load = vi.fn<() => Promise<unknown>>(async () => {
      expect(opened).toBeGreaterThan(5);
      return "loaded";
    });
    expect(await onDemand(load)()).toBe("loaded");
    expect(load).toHaveBeenCalledTimes(1);
    expect(closeSync).toHaveBeenCalledTimes(24);
  });

  test("rejects with a transient IO if it finds none for long, and imports nothing", async () => {
    vi.useFakeTimers();
    const openSync = vi.spyOn(fs, "openSync").mockImplementation(() => {
      throw full();
    });
    const load = vi.fn<() => Promise<unknown>>(async () => "loaded");
    const part = onDemand(load);
    const failed = rejection(part());
    await vi.advanceTimersByTimeAsync(10_200);
    expect(await failed).toMatchObject({ code: "IO", transient: true, cause: { code: "EMFILE" } });
    expect(load).not.toHaveBeenCalled();
    openSync.mockRestore();
    expect(await part()).toBe("loaded");
  });

  test("loads even if the probe file cannot be opened for another reason", async () => {
    vi.spyOn(fs, "openSync").mockImplementation(() => {
      throw Object.assign(new Error("not allowed"), { code: "ERR_ACCESS_DENIED" });
    });
    expect(await onDemand(async () => "loaded")()).toBe("loaded");
  });

  test("waits also when the import itself met the shortage, but not for an error that Node remembers", async () => {
    const load = vi.fn<() => Promise<unknown>>(async () => "loaded").mockRejectedValueOnce(full());
    expect(await onDemand(load)()).toBe("loaded");
    expect(load).toHaveBeenCalledTimes(2);
    const remembered = full();
    const again = vi.fn<() => Promise<unknown>>(async () => Promise.reject(remembered));
    expect(await rejection(onDemand(again)())).toMatchObject({ code: "IO", cause: remembered });
    expect(again).toHaveBeenCalledTimes(2);
  });
});

test("a while after the first run began, all parts are loaded, also those that parts add, whatever fails", async () => {
  vi.useFakeTimers();
  const loaded: string[] = [];
  const part = (name: string, load = async (): Promise<void> => {}): void => {
    onDemand(async () => {
      loaded.push(name);
      await load();
    });
  };
  part("first", () => Promise.reject(new Error("gone")));
  part("second", async () => part("third"));
  loadAllLater();
  loadAllLater();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(loaded).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(loaded).toEqual(["first", "second", "third"]);
});
