import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { withRetry } from "../../src/backend/layers/retry.ts";
import { type MemoryBackend, memoryBackend } from "../../src/backends/memory/index.ts";
import {
  Crash,
  type Fault,
  type FaultMode,
  type FaultyBackend,
  createTestClock,
  faultyBackend,
} from "../../src/testing/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function setup(plan: Fault | readonly Fault[]): { place: MemoryBackend; faulty: FaultyBackend } {
  const place = memoryBackend();
  return { place, faulty: faultyBackend(place.open(), plan) };
}

/** Keys and texts of everything that is stored. */
function stored(place: MemoryBackend): Record<string, string> {
  return Object.fromEntries([...place.snapshot()].map(([key, value]) => [key, new TextDecoder().decode(value)]));
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof Crash ? "Crash" : LedgerError.is(error) ? error.code : "foreign"),
  );

async function keysOf(backend: Backend, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list(prefix)) keys.push(key);
  return keys;
}

/** Creates a, appends to log, and creates b. Returns how each call ended. */
async function work(backend: Backend): Promise<string[]> {
  const appending = backend as Required<Backend>;
  return [
    await codeOf(backend.create("a", bytes("aaaa"))),
    await codeOf(appending.append("log", bytes("line"))),
    await codeOf(backend.create("b", bytes("bbbb"))),
    await codeOf(backend.stat("a")),
  ];
}

const all = { a: "aaaa", b: "bbbb", log: "line" };
const ok = "resolved";
test.each<[FaultMode, number, string[], Record<string, string>]>([
  ["crash-before", 2, [ok, "Crash", "Crash", "Crash"], { a: "aaaa" }],
  ["crash-after", 2, [ok, "Crash", "Crash", "Crash"], { a: "aaaa", log: "line" }],
  ["torn", 1, ["Crash", "Crash", "Crash", "Crash"], {}],
  ["torn", 2, [ok, "Crash", "Crash", "Crash"], { a: "aaaa", log: "li" }],
  ["error-before", 2, [ok, "IO", ok, ok], { a: "aaaa", b: "bbbb" }],
  ["lost-ack", 2, [ok, "UNAVAILABLE", ok, ok], all],
  ["late", 2, [ok, "UNAVAILABLE", ok, ok], all],
  ["stale-list", 2, [ok, ok, ok, ok], all],
  ["no-space", 2, [ok, "NO_SPACE", "NO_SPACE", ok], { a: "aaaa" }],
  ["crash-before", 5, [ok, ok, ok, ok], all],
])("%s at %i", async (mode, at, outcomes, contents) => {
  const { place, faulty } = setup({ mode, at });
  expect(await work(faulty)).toEqual(outcomes);
  expect(stored(place)).toEqual(contents);
  expect(faulty.crashed).toBe(outcomes.includes("Crash"));
});

test("operations have the calls and their faults", async () => {
  const { faulty } = setup({ mode: "lost-ack", at: 2 });
  await work(faulty);
  await keysOf(faulty, "x");
  await (faulty as unknown as Required<Backend>).move("a", "c");
  expect(faulty.operations.count).toBe(6);
  expect(faulty.operations.log).toEqual([
    { n: 1, operation: "create", key: "a" },
    { n: 2, operation: "append", key: "log", fault: "lost-ack" },
    { n: 3, operation: "create", key: "b" },
    { n: 4, operation: "stat", key: "a" },
    { n: 5, operation: "list", key: "x" },
    { n: 6, operation: "move", key: "a", to: "c" },
  ]);
});

test("a fault may count some operations or some keys only, and strike several times", async () => {
  const only = setup({ mode: "error-before", at: 2, only: ["create"] });
  expect(await work(only.faulty)).toEqual([ok, ok, "IO", ok]);
  const pattern = setup({ mode: "error-before", at: 1, key: /^lo/g });
  expect(await work(pattern.faulty)).toEqual([ok, "IO", ok, ok]);
  const whole = setup({ mode: "error-before", at: 2, key: "a" });
  expect(await work(whole.faulty)).toEqual([ok, ok, ok, "IO"]);
  const twice = setup({ mode: "error-before", at: 2, times: 2 });
  expect(await work(twice.faulty)).toEqual([ok, "IO", "IO", ok]);
});

test("a plan may hold several faults; the first that strikes a call does", async () => {
  const { faulty } = setup([
    { mode: "error-before", at: 3, error: { code: "PERMISSION_DENIED" } },
    { mode: "lost-ack", at: 1 },
    { mode: "no-space", at: 2 },
  ]);
  expect(await work(faulty)).toEqual(["UNAVAILABLE", "NO_SPACE", "PERMISSION_DENIED", ok]);
});

test("errors have the key, the operation and what the plan chose", async () => {
  const { faulty } = setup([
    { mode: "error-before", at: 1, error: { code: "UNAVAILABLE", transient: true, message: "slow down" } },
    { mode: "lost-ack", at: 2 },
  ]);
  await expect(faulty.create("a", bytes("x"))).rejects.toMatchObject({
    code: "UNAVAILABLE",
    transient: true,
    key: "a",
    operation: "create",
    message: "slow down (injected)",
  });
  await expect(faulty.create("a", bytes("x"))).rejects.toMatchObject({
    code: "UNAVAILABLE",
    transient: true,
    key: "a",
  });
});

test("a late call takes effect after the next one, with its own bytes", async () => {
  const { place, faulty } = setup({ mode: "late", at: 1 });
  const input = bytes("late");
  await codeOf(faulty.create("late", input));
  input.fill(0);
  expect(await faulty.stat("late")).toBeUndefined();
  expect(stored(place)).toEqual({});
  expect(await faulty.stat("late")).toEqual({ size: 4 });
  expect(stored(place)).toEqual({ late: "late" });
});

test("a late call without a next one takes effect in settle", async () => {
  const { place, faulty } = setup({ mode: "late", at: 1 });
  await codeOf(faulty.create("late", bytes("x")));
  await faulty.settle();
  await faulty.settle();
  expect(stored(place)).toEqual({ late: "x" });
});

test("if a late call is repeated, one of the two is refused", async () => {
  const { place, faulty } = setup({ mode: "late", at: 1 });
  await codeOf(faulty.create("a", bytes("x")));
  expect(await codeOf(faulty.create("a", bytes("x")))).toBe(ok);
  expect(await codeOf(faulty.stat("a"))).toBe(ok);
  expect(stored(place)).toEqual({ a: "x" });
});

test("no space until the fault is lifted; reading and removing work", async () => {
  const { place, faulty } = setup({ mode: "no-space", at: 2 });
  await faulty.create("a", bytes("x"));
  expect(await codeOf(faulty.create("b", bytes("x")))).toBe("NO_SPACE");
  expect(await codeOf(faulty.read("a"))).toBe(ok);
  expect(await codeOf(faulty.remove("a"))).toBe(ok);
  expect(await codeOf((faulty as unknown as Required<Backend>).append("log", bytes("x")))).toBe("NO_SPACE");
  faulty.lift();
  expect(await codeOf(faulty.create("b", bytes("x")))).toBe(ok);
  expect(stored(place)).toEqual({ b: "x" });
});

describe("lists", () => {
  test("a stale list repeats the previous list of that prefix", async () => {
    const { faulty } = setup([{ mode: "stale-list", at: 2, only: ["list"] }]);
    await faulty.create("p/a", bytes("x"));
    expect(await keysOf(faulty, "p")).toEqual(["p/a"]);
    await faulty.create("p/b", bytes("x"));
    expect(await keysOf(faulty, "p")).toEqual(["p/a"]);
    expect(await keysOf(faulty, "p")).toEqual(["p/a", "p/b"]);
  });

  test("a stale list is empty if the prefix was never listed", async () => {
    const { faulty } = setup({ mode: "stale-list", at: 2 });
    await faulty.create("p/a", bytes("x"));
    expect(await keysOf(faulty, "p")).toEqual([]);
  });

  test.each<[FaultMode, string]>([
    ["crash-before", "Crash"],
    ["crash-after", "Crash"],
    ["torn", "Crash"],
    ["error-before", "IO"],
    ["lost-ack", "UNAVAILABLE"],
    ["late", "UNAVAILABLE"],
  ])("%s", async (mode, code) => {
    const { faulty } = setup({ mode, at: 2 });
    await faulty.create("a", bytes("x"));
    expect(await codeOf(keysOf(faulty))).toBe(code);
  });

  test("a list ends when the process dies", async () => {
    const { faulty } = setup({ mode: "crash-before", at: 4 });
    await faulty.create("a", bytes("x"));
    await faulty.create("b", bytes("x"));
    const list = faulty.list("")[Symbol.asyncIterator]();
    await list.next();
    await codeOf(faulty.stat("a"));
    expect(await codeOf(list.next())).toBe("Crash");
  });
});

test("a crashed process stays dead, and closing it leaves the inner backend open", async () => {
  const place = memoryBackend();
  const inner = place.open();
  const faulty = faultyBackend(inner, { mode: "crash-before", at: 1 });
  expect(await codeOf(faulty.stat("a"))).toBe("Crash");
  faulty.lift();
  for (const call of [faulty.read("a"), faulty.remove("a"), keysOf(faulty)]) expect(await codeOf(call)).toBe("Crash");
  await faulty.close?.();
  expect(await codeOf(inner.stat("a"))).toBe(ok);
  expect(faulty.operations.count).toBe(1);
});

test("a crash is a LedgerError that says so", async () => {
  const { faulty } = setup({ mode: "crash-before", at: 1 });
  await expect(faulty.read("a")).rejects.toMatchObject({
    name: "Crash",
    code: "IO",
    key: "a",
    operation: "read",
    transient: false,
  });
});

test("invalid plans are refused", () => {
  expect(() => faultyBackend(memoryBackend(), { mode: "late", at: 0 })).toThrow(/at of a fault/);
  expect(() => faultyBackend(memoryBackend(), { mode: "late", at: 1, times: 0 })).toThrow(/times of a fault/);
});

test("every fault at every call, under the retry layer: acknowledged writes are stored once", async () => {
  const modes: FaultMode[] = ["crash-before", "crash-after", "torn", "error-before", "lost-ack", "late"];
  for (const mode of modes) {
    for (let at = 1; ; at++) {
      const { place, faulty } = setup({ mode, at });
      const backend = withRetry(faulty, { clock: createTestClock(), random: () => 0.5 });
      const acknowledged: string[] = [];
      for (const key of ["a", "b", "c"])
        if ((await codeOf(backend.create(key, bytes(key)))) === ok) acknowledged.push(key);
      await faulty.settle();
      const found = stored(place);
      expect(Object.keys(found)).toEqual(expect.arrayContaining(acknowledged));
      for (const [key, text] of Object.entries(found)) expect(text).toBe(key);
      if (mode === "lost-ack" || mode === "late") expect(acknowledged).toEqual(["a", "b", "c"]);
      if (faulty.operations.count < at) break;
    }
  }
});
