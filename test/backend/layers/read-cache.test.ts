import { expect, test } from "vitest";
import { withReadCache } from "../../../src/backend/layers/read-cache.ts";
import { bytes, scripted } from "./scripted.ts";

const all = { cacheable: () => true };
const reads = (calls: readonly string[]): number => calls.filter((call) => call === "read").length;

test("an admitted object is read once, whole or in part", async () => {
  const { backend, inner, calls } = scripted({});
  const cached = withReadCache(backend, all);
  await inner.create("k", bytes("0123456789"));
  expect(await cached.read("k", { range: { offset: 2, length: 3 } })).toEqual(bytes("234"));
  expect(await cached.read("k")).toEqual(bytes("0123456789"));
  expect(await cached.read("k", { range: { offset: 8 } })).toEqual(bytes("89"));
  expect(await cached.read("k")).toEqual(bytes("0123456789"));
  expect(reads(calls)).toBe(2);
  await expect(cached.read("k", { signal: AbortSignal.abort("no") })).rejects.toBe("no");
});

test("an unknown option is refused", () => {
  const { backend } = scripted({});
  expect(() => withReadCache(backend, { maxByte: 5 } as object)).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", field: "maxByte" }),
  );
});

test("by default only objects named by their digest are kept", async () => {
  const { backend, inner, calls } = scripted({});
  const cached = withReadCache(backend);
  const blob = `blobs/sha256/aa/${"a".repeat(64)}`;
  for (const key of [blob, "runs/1/run.json"]) {
    await inner.create(key, bytes("x"));
    for (let i = 0; i < 3; i++) await cached.read(key);
  }
  expect(reads(calls)).toBe(1 + 3);
});

test("returned bytes belong to the caller, and kept bytes do not change", async () => {
  const { backend, inner } = scripted({});
  const cached = withReadCache(backend, all);
  await inner.create("k", bytes("abc"));
  for (let i = 0; i < 3; i++) {
    const read = await cached.read("k");
    expect(read).toEqual(bytes("abc"));
    expect(read.byteLength).toBe(read.buffer.byteLength);
    read.fill(0);
  }
});

test("the backend is asked each time about absence, sizes and listings", async () => {
  const { backend, inner } = scripted({});
  const cached = withReadCache(backend, all);
  await expect(cached.read("k")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await inner.create("k", bytes("x"));
  expect(await cached.read("k")).toEqual(bytes("x"));
  await inner.remove("k");
  expect(await cached.stat("k")).toBeUndefined();
});

test("the handle's own changes are seen at once, even by a read in progress", async () => {
  const { backend } = scripted({});
  const cached = withReadCache(backend, all);
  await cached.create("k", bytes("1"));
  await cached.read("k");
  await cached.append?.("k", bytes("2"));
  expect(await cached.read("k")).toEqual(bytes("12"));
  await cached.move?.("k", "l");
  await expect(cached.read("k")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await cached.create("k", bytes("new"));
  expect(await cached.read("k")).toEqual(bytes("new"));
  const [, removed] = await Promise.all([cached.read("l"), cached.remove("l")]);
  expect(removed).toBeUndefined();
  await expect(cached.read("l")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("the bound is kept, the least recently used goes first, and large objects are not kept", async () => {
  const { backend, inner, calls } = scripted({});
  const cached = withReadCache(backend, { ...all, maxBytes: 100, maxObjectBytes: 40 });
  for (const key of ["a", "b", "c"]) await inner.create(key, new Uint8Array(40));
  await inner.create("large", new Uint8Array(41));
  for (const key of ["a", "b", "a", "c", "a", "b", "large", "large"]) await cached.read(key);
  expect(reads(calls)).toBe(3 + 1 + 2); // a, b, c; b again, which went when c came; large twice.
  await cached.close?.();
  for (const wrong of [{ maxBytes: -1 }, { maxObjectBytes: 0.5 }]) {
    expect(() => withReadCache(backend, wrong)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
});
