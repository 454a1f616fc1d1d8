import * as fc from "fast-check";
import { expect, test } from "vitest";
import { byteStream } from "../../../src/backend/body.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { SortedKeys } from "../../../src/backends/memory/sorted-keys.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("handles share a place; closing one closes none of the others", async () => {
  const first = memoryBackend();
  const second = first.open();
  await first.create("k", bytes("x"));
  await first.close?.();
  await first.close?.();
  await expect(first.read("k")).rejects.toMatchObject({ code: "CLOSED", key: "k" });
  expect(await second.read("k")).toEqual(bytes("x"));
  expect(await first.open().read("k")).toEqual(bytes("x"));
  expect([...first.snapshot().keys()]).toEqual(["k"]);
  expect(await memoryBackend().stat("k")).toBeUndefined();
});

test("bounded: a call that does not fit changes nothing, and removing makes space", async () => {
  const backend = memoryBackend({ maxBytes: 100 });
  await backend.create("a", new Uint8Array(60));
  await backend.append?.("log", new Uint8Array(40));
  const full = backend.snapshot();
  const noSpace = { code: "NO_SPACE" };
  await expect(backend.create("b", new Uint8Array(1))).rejects.toMatchObject({
    ...noSpace,
    key: "b",
    operation: "create",
  });
  await expect(backend.append?.("log", new Uint8Array(1))).rejects.toMatchObject({
    ...noSpace,
    key: "log",
    operation: "append",
  });
  await expect(backend.append?.("new", new Uint8Array(1))).rejects.toMatchObject({ ...noSpace, key: "new" });
  let yielded = 0;
  const endless = (async function* () {
    for (;;) {
      yielded++;
      yield new Uint8Array(10);
    }
  })();
  await expect(backend.create("b", byteStream(endless))).rejects.toMatchObject(noSpace);
  expect(yielded).toBe(1);
  expect(backend.snapshot()).toEqual(full);
  await backend.create("empty", new Uint8Array(0));
  await backend.remove("a");
  expect(backend.usedBytes).toBe(40);
  await backend.create("b", new Uint8Array(60));
  await expect(backend.create("b", new Uint8Array(1))).rejects.toMatchObject({ code: "EXISTS" });
  for (const wrong of [-1, Number.NaN, "1"])
    expect(() => memoryBackend({ maxBytes: wrong as number })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
});

test("snapshots are copies, both ways", async () => {
  const backend = memoryBackend({ maxBytes: 10 });
  await backend.append?.("log", bytes("ab"));
  await backend.create("a", bytes("c"));
  const snapshot = backend.snapshot();
  expect([...snapshot]).toEqual([
    ["a", bytes("c")],
    ["log", bytes("ab")],
  ]);
  await backend.append?.("log", bytes("cd"));
  await backend.remove("a");
  expect(snapshot.get("log")).toEqual(bytes("ab"));
  const other = backend.open();
  backend.restore(snapshot);
  snapshot.get("log")?.fill(0);
  expect(await other.read("log")).toEqual(bytes("ab"));
  expect(await other.read("a")).toEqual(bytes("c"));
  await other.append?.("log", bytes("e"));
  expect(backend.usedBytes).toBe(4);
  expect(() => backend.restore(new Map([["../x", bytes("x")]]))).toThrow(
    expect.objectContaining({ code: "INVALID_KEY" }),
  );
  expect(() => backend.restore(new Map([["x", new Uint8Array(11)]]))).toThrow(
    expect.objectContaining({ code: "NO_SPACE" }),
  );
  expect(await other.read("log")).toEqual(bytes("abe"));
});

test("an abort right after the call undoes it", async () => {
  const backend = memoryBackend();
  const controller = new AbortController();
  const call = backend.create("k", bytes("x"), { signal: controller.signal });
  controller.abort("no");
  await expect(call).rejects.toBe("no");
  expect(await backend.stat("k")).toBeUndefined();
});

test("the cost of an append depends on its bytes", async () => {
  const backend = memoryBackend();
  const part = new Uint8Array(64).fill(1);
  for (let i = 0; i < 50_000; i++) await backend.append?.("log", part);
  expect(await backend.stat("log")).toEqual({ size: 3_200_000 });
}, 5000);

test("property: the set of keys agrees with a sorted array", () => {
  const key = fc.string({ unit: fc.constantFrom("a", "b", "/", "-", "\uffff", "😀"), minLength: 1, maxLength: 3 });
  const step = fc.record({ add: fc.boolean(), key });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), key, (steps, from) => {
      const keys = new SortedKeys();
      const reference = new Set<string>();
      for (const one of steps) {
        if (one.add) keys.add(one.key);
        else keys.delete(one.key);
        reference[one.add ? "add" : "delete"](one.key);
      }
      expect(keys.from("")).toEqual([...reference].toSorted());
      expect(keys.from(from)).toEqual([...reference].filter((one) => one >= from).toSorted());
    }),
  );
});

test("many keys, in any order: listed in order, from anywhere", async () => {
  const backend = memoryBackend();
  const all = Array.from({ length: 5000 }, (_, i) => `k/${(i * 7919) % 5000}`.padEnd(8, "x"));
  for (const key of all) await backend.create(key, new Uint8Array(1));
  const sorted = all.toSorted();
  const listed = async (startAfter?: string): Promise<string[]> => {
    const out: string[] = [];
    for await (const { key } of backend.list("k", startAfter === undefined ? {} : { startAfter })) out.push(key);
    return out;
  };
  expect(await listed()).toEqual(sorted);
  expect(await listed(sorted[2500])).toEqual(sorted.slice(2501));
  for (const key of all.slice(0, 4000)) await backend.remove(key);
  expect(await listed()).toEqual(all.slice(4000).toSorted());
});
