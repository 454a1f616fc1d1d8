import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { assertKey } from "../../../src/backend/key.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { bytes, collect, keys, makePlace, open } from "./place.ts";
import { cases } from "../../rounds.ts";

test("keys come in the order of the whole key, not of the directories", async () => {
  const backend = open(await makePlace());
  const all = ["a-b", "a.b", "a/b", "a/b-c", "a/b.c", "a0", "ab/c", "a b", "ä", "z", "Z", "a/é", "😀", "ﬁ"].filter(
    (key) => key !== "a/b",
  );
  for (const key of all) await backend.create(key, bytes(key));
  expect(await keys(backend.list(""))).toEqual(all.toSorted());
  expect(await keys(backend.list("a"))).toEqual(all.filter((key) => key.startsWith("a/")).toSorted());
});

test("names that are not keys are left out: temporary, hidden, invalid", async () => {
  const place = await makePlace();
  await mkdir(join(place, ".git/objects"), { recursive: true });
  await mkdir(join(place, "a"));
  for (const name of [
    ".git/config",
    ".hidden",
    "a/.tmp-1",
    "a/back\\slash",
    "a/colon:",
    "a/dot.",
    "a/con",
    "a/e\u0301",
    "a/new\nline",
  ]) {
    await writeFile(join(place, name), "x");
  }
  await writeFile(join(place, "a/fine"), "12345");
  expect(await collect(open(place).list(""))).toEqual([{ key: "a/fine", size: 5 }]);
});

test("a directory with more names than one batch is listed from any name on", async () => {
  const place = await makePlace();
  const backend = open(place);
  const all = Array.from({ length: 300 }, (_, i) => `runs/${String(i).padStart(3, "0")}/x`);
  await Promise.all(all.map((key) => backend.create(key, bytes(key))));
  expect(await keys(backend.list("runs", { startAfter: "runs/150/x" }))).toEqual(all.slice(151));
  expect(await keys(backend.list("runs", { startAfter: "runs/150" }))).toEqual(all.slice(150));
  for await (const entry of backend.list("runs")) {
    expect(entry.key).toBe(all[0]);
    break;
  }
});

test("objects may be removed while they are listed", async () => {
  const backend = open(await makePlace());
  for (let i = 0; i < 100; i++) await backend.create(`k/${i % 10}/${i}`, bytes("x"));
  const seen: string[] = [];
  for await (const { key } of backend.list("")) {
    seen.push(key);
    if (seen.length === 5) for (let i = 0; i < 100; i++) await backend.remove(`k/${i % 10}/${i}`);
  }
  expect(seen.length).toBeGreaterThanOrEqual(5);
});

const segment = fc
  .string({
    unit: fc.constantFrom("a", "b", "-", ".", "0", " ", "=", "A", "é", "😀", "\uffff", "_"),
    minLength: 1,
    maxLength: 4,
  })
  .filter((name) => {
    try {
      assertKey(name);
      return true;
    } catch {
      return false;
    }
  });
const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));

test("property: listings agree with a sorted reference, on both backends", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), fc.option(key), key, async (wanted, startAfter, under) => {
      const place = await makePlace();
      const all = wanted.filter((one) => !wanted.some((other) => one.startsWith(`${other}/`)));
      const prefixes = [
        "",
        under.split("/")[0] as string,
        ...all.slice(0, 2).map((one) => one.split("/")[0] as string),
      ];
      for (const backend of [open(place), memoryBackend()]) {
        for (const one of all) await backend.create(one, bytes(one));
        for (const prefix of prefixes) {
          const expected = all
            .filter(
              (one) => (prefix === "" || one.startsWith(`${prefix}/`)) && (startAfter === null || one > startAfter),
            )
            .toSorted();
          const options = startAfter === null ? {} : { startAfter };
          expect(await keys(backend.list(prefix, options))).toEqual(expected);
        }
      }
    }),
    { numRuns: cases(60) },
  );
});
