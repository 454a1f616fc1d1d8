import { appendFile, link, mkdir, readFile, readdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { Appends } from "../../../src/backends/fs/append.ts";
import { Directories } from "../../../src/backends/fs/directories.ts";
import { Root } from "../../../src/backends/fs/paths.ts";
import { bytes, everyFile, makePlace, open } from "./place.ts";

function appends(place: string, options: { maxOpen?: number; idleMs?: number; clock?: Clock } = {}): Appends {
  const root = new Root(place);
  return new Appends(root, new Directories(root), options);
}

for (const disk of [false, true]) {
  test(`${disk ? "disk" : "os"}: appends of one handle keep their order, whatever their sizes`, async () => {
    const place = await makePlace();
    const backend = open(place, { disk });
    const parts = Array.from({ length: 200 }, (_, i) => bytes(`${i}:${"x".repeat((i * 37) % 500)}\n`));
    await Promise.all(parts.map((part, i) => backend.append(`log/${i % 2}`, part)));
    for (const half of [0, 1]) {
      const expected = Buffer.concat(parts.filter((_, i) => i % 2 === half));
      expect(Buffer.compare(await backend.read(`log/${half}`), expected)).toBe(0);
    }
  });
}

test("all handles see what one appended, and handles can append in turn", async () => {
  const place = await makePlace();
  const [a, b] = [open(place), open(place)];
  for (let i = 0; i < 20; i++) await (i % 2 === 0 ? a : b).append("log", bytes(`${i},`));
  expect(Buffer.from(await a.read("log")).toString()).toBe(Array.from({ length: 20 }, (_, i) => `${i},`).join(""));
});

test("no append reaches an object that another handle has removed, replaced or moved", async () => {
  const place = await makePlace();
  const [a, b] = [open(place), open(place)];
  await a.append("log", bytes("one"));
  await b.remove("log");
  await a.append("log", bytes("two"));
  expect(await b.read("log")).toEqual(bytes("two"));
  await b.move("log", "old");
  await a.append("log", bytes("three"));
  expect(await b.read("log")).toEqual(bytes("three"));
  expect(await b.read("old")).toEqual(bytes("two"));
  await a.remove("log");
  await a.append("log", bytes("four"));
  expect(await b.read("log")).toEqual(bytes("four"));
});

test("an append with a size refuses a file that is gone, shorter, longer or another one", async () => {
  for (const closed of [false, true]) {
    for (const harm of ["unlink", "rename", "directory", "truncate", "grow", "replace"] as const) {
      const place = await makePlace();
      const backend = open(place, { maxOpen: closed ? 0 : 64 });
      const log = join(place, "dir/log");
      await backend.append("dir/log", bytes("one"), { at: 0 });
      await backend.append("dir/log", bytes("two"), { at: 3, durable: true });
      if (harm === "unlink") await rm(log);
      else if (harm === "rename") await rename(log, join(place, "dir/was"));
      else if (harm === "directory") await rename(join(place, "dir"), join(place, "was"));
      else if (harm === "truncate") await truncate(log, 2);
      else if (harm === "grow") await appendFile(log, "x");
      else {
        await rm(log);
        await writeFile(log, closed ? "short" : "onetwo");
      }
      const before = await everyFile(place);
      const was = await readFile(log, "utf8").catch(() => undefined);
      await expect(backend.append("dir/log", bytes("three"), { at: 6 }), harm).rejects.toMatchObject({
        code: "CONFLICT",
        key: "dir/log",
      });
      expect(await everyFile(place)).toEqual(before);
      expect(await readFile(log, "utf8").catch(() => undefined)).toBe(was);
      expect(await readdir(place)).toEqual(harm === "directory" ? ["was"] : ["dir"]);
      await backend.append("dir/next", bytes("three"), { at: 0 });
      expect(await backend.read("dir/next")).toEqual(bytes("three"));
    }
  }
});

test("an append notices that a link has replaced its directory", async () => {
  const place = await makePlace();
  const backend = open(join(place, "root"));
  await backend.append("dir/log", bytes("one"));
  await mkdir(join(place, "outside"));
  await rename(join(place, "root/dir"), join(place, "root/was"));
  await symlink(join(place, "outside"), join(place, "root/dir"));
  await expect(backend.append("dir/log", bytes("two"))).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(await everyFile(join(place, "outside"))).toEqual([]);
});

test("a failed write ends the key for this handle; removing the object frees it again", async () => {
  const place = await makePlace();
  const backend = open(place);
  await backend.append("log", bytes("one"));
  // A value that write() refuses simulates a failing disk, because the error comes from the same call.
  await expect(backend.append("log", { byteLength: 1 } as Uint8Array)).rejects.toMatchObject({
    key: "log",
    operation: "append",
  });
  await expect(backend.append("log", bytes("two"))).rejects.toMatchObject({ code: "IO", key: "log" });
  await backend.append("other", bytes("fine"));
  expect(await backend.read("log")).toEqual(bytes("one"));
  await backend.remove("log");
  await backend.append("log", bytes("new"));
  expect(await backend.read("log")).toEqual(bytes("new"));
});

test("a failure before anything was written does not end the key", async () => {
  const place = await makePlace();
  const backend = open(place);
  await writeFile(join(place, "dir"), "in the way");
  await expect(backend.append("dir/log", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key: "dir/log" });
  await backend.remove("dir");
  await backend.append("dir/log", bytes("x"));
  expect(await backend.read("dir/log")).toEqual(bytes("x"));
});

test("an append aborted in the queue writes nothing, and the others continue", async () => {
  const place = await makePlace();
  const backend = open(place);
  const controller = new AbortController();
  const first = backend.append("log", bytes("1"));
  const second = backend.append("log", bytes("2"), { signal: controller.signal });
  const third = backend.append("log", bytes("3"));
  controller.abort("no more");
  await expect(second).rejects.toBe("no more");
  await Promise.all([first, third]);
  expect(await backend.read("log")).toEqual(bytes("13"));
});

test("a limited number of files stays open, and the least recently used is closed first", async () => {
  const place = await makePlace();
  const files = appends(place, { maxOpen: 4 });
  for (let i = 0; i < 20; i++) await files.append(`log/${i}`, bytes("a"));
  await files.append("log/0", bytes("b"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(files.openFiles).toBeLessThanOrEqual(4);
  await files.close();
  expect(files.openFiles).toBe(0);
  expect(await readFile(join(place, "log/0"), "utf8")).toBe("ab");
});

test("an unused file is closed after a while", async () => {
  const place = await makePlace();
  let now = 0;
  const timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    monotonic: () => now,
    timer: (_ms, fn) => {
      timers.push(fn);
      return { cancel: () => {} };
    },
  };
  const files = appends(place, { idleMs: 1000, clock });
  await files.append("log", bytes("a"));
  await files.release("none", false);
  expect(files.openFiles).toBe(1);
  now = 5000;
  while (timers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (const fire of timers.splice(0)) fire();
  expect(files.openFiles).toBe(0);
  await files.append("log", bytes("b"));
  expect(await readFile(join(place, "log"), "utf8")).toBe("ab");
  await files.close();
});

test("close waits for the calls before it", async () => {
  const place = await makePlace();
  const backend = open(place, { link });
  const calls = Array.from({ length: 50 }, (_, i) => backend.append("log", bytes(`${i % 10}`)));
  await backend.close();
  await Promise.all(calls);
  expect((await readFile(join(place, "log"))).length).toBe(50);
  await expect(backend.append("log", bytes("x"))).rejects.toMatchObject({ code: "CLOSED", key: "log" });
  await backend.close();
});
