import { expect, test } from "vitest";
import { byteStream } from "../../../src/backend/body.ts";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { withRetry } from "../../../src/backend/layers/retry.ts";
import { bytes, scripted, sleepingClock, transient } from "./scripted.ts";

const quick = () => ({ clock: sleepingClock(), random: () => 0.999_999 });

test.each(["read", "stat", "remove"] as const)("%s is repeated", async (operation) => {
  const { backend, inner, calls } = scripted({ [operation]: ["before", "after", "before"] });
  await inner.create("k", bytes("x"));
  await withRetry(backend, quick())[operation]("k");
  expect(calls).toEqual(Array.from({ length: 4 }, () => operation));
});

test("an unknown option is refused", () => {
  const { backend } = scripted({});
  const options = { retries: 3 } as object;
  expect(() => withRetry(backend, options)).toThrow(
    expect.objectContaining({
      code: "UNSUPPORTED",
      field: "retries",
      message: 'withRetry does not know the option "retries"',
    }),
  );
  withRetry(backend, { attempts: undefined, ...({ retries: undefined } as object) });
});

test("only transient errors are repeated, a limited number of times", async () => {
  const permanent = scripted({ read: ["before"] }, () => new LedgerError("PERMISSION_DENIED", "no"));
  await expect(withRetry(permanent.backend, quick()).read("k")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(permanent.calls).toEqual(["read"]);
  const foreign = scripted({ read: ["before"] }, () => Object.assign(new Error("x"), { transient: true }));
  await expect(withRetry(foreign.backend, quick()).read("k")).rejects.toThrow("x");
  expect(foreign.calls).toEqual(["read"]);
  const endless = scripted({ read: Array.from({ length: 50 }, () => "before" as const) });
  await expect(withRetry(endless.backend, { ...quick(), attempts: 3 }).read("k")).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
  expect(endless.calls).toHaveLength(3);
});

test("pauses double up to the cap, are random below that, and end with the deadline", async () => {
  const endless = (): ReturnType<typeof scripted> =>
    scripted({ read: Array.from({ length: 50 }, () => "before" as const) });
  const clock = sleepingClock();
  await expect(
    withRetry(endless().backend, { clock, random: () => 1, attempts: 8, capMs: 1000, deadlineMs: 1e9 }).read("k"),
  ).rejects.toThrow("try again");
  expect(clock.slept).toEqual([100, 200, 400, 800, 1000, 1000, 1000]);
  const half = sleepingClock();
  await expect(withRetry(endless().backend, { clock: half, random: () => 0.5, attempts: 3 }).read("k")).rejects.toThrow(
    "try again",
  );
  expect(half.slept).toEqual([50, 100]);
  const late = sleepingClock();
  await expect(
    withRetry(endless().backend, { clock: late, random: () => 1, attempts: 50, deadlineMs: 1000 }).read("k"),
  ).rejects.toThrow("try again");
  expect(late.slept).toEqual([100, 200, 400]);
});

test("an abort ends a pause", async () => {
  const controller = new AbortController();
  const { backend } = scripted({ read: ["before", "before"] }, () => {
    setImmediate(() => controller.abort("stop"));
    return transient();
  });
  await expect(
    withRetry(backend, { baseMs: 1e6, capMs: 1e6, deadlineMs: 1e9 }).read("k", { signal: controller.signal }),
  ).rejects.toBe("stop");
});

test("create: a lost acknowledgement is found by reading back; other bytes are another writer's", async () => {
  const lost = scripted({ create: ["after"], read: ["before"] });
  await withRetry(lost.backend, quick()).create("k", bytes("mine"));
  expect(await lost.inner.read("k")).toEqual(bytes("mine"));

  for (const other of ["othr", "longer than mine"]) {
    const clash = scripted({ create: ["before"] });
    await clash.inner.create("k", bytes(other));
    await expect(withRetry(clash.backend, quick()).create("k", bytes("mine"))).rejects.toMatchObject({
      code: "EXISTS",
    });
  }
  const first = scripted({});
  await first.inner.create("k", bytes("mine"));
  await expect(withRetry(first.backend, quick()).create("k", bytes("mine"))).rejects.toMatchObject({ code: "EXISTS" });
  expect(first.calls).toEqual(["create"]);
});

test("create: large bodies are compared in parts", async () => {
  const body = new Uint8Array(9 * 1024 * 1024).fill(3);
  const lost = scripted({ create: ["after"] });
  await withRetry(lost.backend, quick()).create("k", body);
  expect(lost.calls).toEqual(["create", "create", "stat", "read", "read", "read"]);
});

test("create: a stream is used again only if nothing was read from it", async () => {
  const stream = () =>
    byteStream(
      (async function* () {
        yield bytes("once");
      })(),
      4,
    );
  const untouched = scripted({ create: ["before", "before"] });
  await withRetry(untouched.backend, quick()).create("k", stream());
  expect(await untouched.inner.read("k")).toEqual(bytes("once"));
  const begun = scripted({ create: ["after"] });
  await expect(withRetry(begun.backend, quick()).create("k", stream())).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(begun.calls).toEqual(["create"]);
});

test("append is made once", async () => {
  const { backend, calls } = scripted({ append: ["before"] });
  await expect(withRetry(backend, quick()).append?.("k", bytes("x"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(calls).toEqual(["append"]);
});

test("move: a move that has worked counts as success, and any other is repeated", async () => {
  const lost = scripted({ move: ["after"] });
  await lost.inner.create("a", bytes("x"));
  await withRetry(lost.backend, quick()).move?.("a", "b");
  expect(await lost.inner.stat("a")).toBeUndefined();

  const again = scripted({ move: ["before"] });
  await again.inner.create("a", bytes("x"));
  await withRetry(again.backend, quick()).move?.("a", "b");
  expect(await again.inner.read("b")).toEqual(bytes("x"));

  const half = scripted({ move: ["before"] });
  await half.inner.create("a", bytes("x"));
  await half.inner.create("b", bytes("x"));
  await withRetry(half.backend, quick()).move?.("a", "b");
  expect(await half.inner.stat("a")).toBeUndefined();

  const taken = scripted({ move: ["before"] });
  await taken.inner.create("a", bytes("x"));
  await taken.inner.create("b", bytes("y"));
  await expect(withRetry(taken.backend, quick()).move?.("a", "b")).rejects.toMatchObject({ code: "EXISTS" });
  expect(await taken.inner.read("a")).toEqual(bytes("x"));
  await expect(withRetry(scripted({ move: ["before"] }).backend, quick()).move?.("a", "b")).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
});

test("list continues after the last entry, as long as it makes progress", async () => {
  const { backend, inner, calls } = scripted({ list: Array.from({ length: 12 }, () => "after" as const) });
  const all = Array.from({ length: 20 }, (_, i) => `k/${String(i).padStart(2, "0")}`);
  for (const key of all) await inner.create(key, bytes(key));
  const seen: string[] = [];
  for await (const { key } of withRetry(backend, quick()).list("k", { startAfter: "k/01" })) seen.push(key);
  expect(seen).toEqual(all.slice(2));
  expect(calls.length).toBeGreaterThan(5);
  const stuck = scripted({ list: Array.from({ length: 12 }, () => "before" as const) });
  await stuck.inner.create("k/a", bytes("x"));
  await expect(withRetry(stuck.backend, quick()).list("k")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
  expect(stuck.calls).toHaveLength(5);
});

test("options are checked", () => {
  const { backend } = scripted({});
  for (const wrong of [
    { attempts: 0 },
    { attempts: 1.5 },
    { baseMs: -1 },
    { capMs: Number.NaN },
    { deadlineMs: "1" as unknown as number },
  ]) {
    expect(() => withRetry(backend, wrong)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
});
