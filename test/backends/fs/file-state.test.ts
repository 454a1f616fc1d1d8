import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileState, ownClockDevice } from "../../../src/backends/fs/file-state.ts";
import { fromPath } from "../../../src/backends/fs/index.ts";
import { Pace } from "../../../src/backends/fs/pace.ts";
import { SmallFileReader } from "../../../src/backends/fs/small-file-reader.ts";
import type { SourceFile } from "../../../src/backend/file-tree.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { artifacts, collect } from "../../artifacts/fixtures.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runledger-state-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(root, { recursive: true, force: true });
});

async function write(texts: readonly string[]): Promise<void> {
  for (const [i, text] of texts.entries()) await writeFile(join(root, `f${10 + i}`), text);
}

async function files(options: Parameters<typeof fromPath>[1] = {}): Promise<SourceFile[]> {
  return await collect(fromPath(root, options).files());
}

describe("files of a directory", () => {
  test("that change right after they were logged are logged again, also with the same size and time", async () => {
    const store = artifacts(memoryBackend());
    const texts = Array.from({ length: 20 }, (_, i) => `text ${10 + i}`);
    await write(texts);
    const digests = new Set<string>();
    for (let round = 0; round < 10; round++) {
      await writeFile(join(root, "f15"), `round ${round}`);
      await utimes(join(root, "f15"), 1000, 1000);
      digests.add((await store.log("d", fromPath(root))).digest);
    }
    expect(digests.size).toBe(10);
    for (let round = 0; round < 10; round++) {
      await writeFile(join(root, "f15"), `again ${round}`);
      digests.add((await store.log("one", fromPath(join(root, "f15")))).digest);
    }
    expect(digests.size).toBe(20);
  });

  test("have a state that any change changes", async () => {
    await write(["one", "two"]);
    const [before] = await files();
    expect(before?.state?.settled).toBe(false);
    expect((await files())[0]?.state?.id).toBe(before?.state?.id);
    expect((await files({ links: "follow" }))[0]?.state?.id).toBe(before?.state?.id);
    expect((await collect(fromPath(join(root, "f10")).files()))[0]?.state?.id).toBe(before?.state?.id);
    await writeFile(join(root, "other"), "new");
    await rename(join(root, "other"), join(root, "f10"));
    const [replaced] = await files();
    expect(replaced?.state?.id).not.toBe(before?.state?.id);
    await utimes(join(root, "f10"), 1000, 1000);
    expect((await files())[0]?.state?.id).not.toBe(replaced?.state?.id);
  });

  test.runIf(ownClockDevice(tmpdir()) !== undefined)("are settled 2 s after the last change", async () => {
    await write(["one"]);
    const now = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(now + 1500);
    expect((await files())[0]?.state?.settled).toBe(false);
    vi.spyOn(Date, "now").mockReturnValue(now + 4000);
    expect((await files())[0]?.state?.settled).toBe(true);
  });

  test("have no state if the file system gives no inode or no times, and are never settled by another clock", () => {
    const stats = { dev: 7n, ino: 5n, size: 9n, mtimeNs: 10n ** 18n, ctimeNs: 10n ** 18n } as BigIntStats;
    expect(fileState(stats, 7n)?.settled).toBe(true);
    expect(fileState(stats, 8n)?.settled).toBe(false);
    expect(fileState(stats, undefined)?.settled).toBe(false);
    const future = { ...stats, ctimeNs: 10n ** 19n } as BigIntStats;
    expect(fileState(future, 7n)?.settled).toBe(false);
    for (const member of ["ino", "mtimeNs", "ctimeNs"]) {
      expect(fileState({ ...stats, [member]: 0n } as BigIntStats, 7n)).toBeUndefined();
    }
  });
});

test("a file that may be mapped has a state only when the system has written its pages to the disk", () => {
  const now = BigInt(Date.now()) * 1_000_000n;
  const stats = (size: bigint, age: bigint): BigIntStats => {
    const time = now - age * 1_000_000_000n;
    return { dev: 7n, ino: 5n, size, mtimeNs: time, ctimeNs: time } as BigIntStats;
  };
  expect(fileState(stats(64n * 1024n, 50n), 7n)).toBeUndefined();
  expect(fileState(stats(64n * 1024n, 61n), 7n)?.settled).toBe(true);
  expect(fileState(stats(64n * 1024n, 61n), 8n)).toBeUndefined();
  expect(fileState(stats(64n * 1024n - 1n, 5n), 7n)?.settled).toBe(true);
});

describe("files that are read at once", () => {
  test("have exactly the stated size, and are no links", async () => {
    await write(["12345", ""]);
    await symlink(join(root, "f10"), join(root, "link"));
    await mkdir(join(root, "folder"));
    const reader = new SmallFileReader();
    const read = (name: string, size: number): Uint8Array | undefined => reader.read(join(root, name), size);
    expect(new TextDecoder().decode(read("f10", 5))).toBe("12345");
    expect(read("f11", 0)).toHaveLength(0);
    expect([read("f10", 4), read("f10", 6), read("f11", 1)]).toEqual([undefined, undefined, undefined]);
    expect([read("folder", 5), read("gone", 5), read("f10", 65 * 1024)]).toEqual([undefined, undefined, undefined]);
    if (process.platform !== "win32") expect(read("link", 5)).toBeUndefined();
  });

  test("are not while the file system is slow", () => {
    const pace = new Pace();
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const call = (ms: number) => pace.atOnce(() => (now += ms));
    const refused = (): number => {
      let count = 0;
      while (call(0) === undefined) count++;
      return count;
    };
    // Other processes interrupt a call now and then.
    for (let i = 0; i < 100; i++) expect(call(i % 20 === 0 ? 10 : 0.1)).toBeDefined();
    for (let i = 0; i < 100; i++) expect(call(i % 6 === 0 ? 1 : 0.1)).toBeDefined();
    for (let i = 0; i < 50; i++) call(0);
    for (let i = 0; i < 10; i++) expect(call(0.5)).toBeDefined();
    call(0.5);
    expect(refused()).toBe(64);
    for (let i = 0; i < 50; i++) call(0);
    for (let i = 0; i < 3; i++) expect(call(10)).toBeDefined();
    expect(refused()).toBe(128);
    for (let i = 0; i < 10; i++) {
      call(10);
      call(10);
      refused();
    }
    call(10);
    call(10);
    expect(refused()).toBe(4096);
  });
});
