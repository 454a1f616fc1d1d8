import { type Stats, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { walk } from "../../../src/backends/fs/walk.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "runledger-walk-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Walks, and calls `meanwhile` right before the file `at` is examined for the first time. */
async function paths(at: string, meanwhile: () => void): Promise<string[]> {
  let isDone = false;
  const examine = (path: string): Stats => {
    if (!isDone && path === join(root, at)) {
      isDone = true;
      meanwhile();
    }
    return lstatSync(path);
  };
  const found: string[] = [];
  const any = (): boolean => true;
  for await (const { path } of walk(root, { prefix: "", enters: any, gives: any, examine })) found.push(path);
  return found;
}

test.each(["4", "6"])("a file that replaces another one, as %s, during the walk is found", async (newer) => {
  for (const name of ["3", "5", "7"]) writeFileSync(join(root, name), "");
  const found = await paths("5", () => renameSync(join(root, "5"), join(root, newer)));
  expect(found).toEqual(["3", newer, "7"]);
});

test("folders that are done are not walked again", async () => {
  mkdirSync(join(root, "a"));
  for (const name of ["a/1", "b", "c"]) writeFileSync(join(root, name), "");
  expect(await paths("b", () => renameSync(join(root, "b"), join(root, "b0")))).toEqual(["a/1", "b0", "c"]);
});

test("a directory that is removed during the walk ends it", async () => {
  mkdirSync(join(root, "a"));
  for (const name of ["a/1", "a/2", "b"]) writeFileSync(join(root, name), "");
  expect(await paths("a/1", () => rmSync(join(root, "a"), { recursive: true }))).toEqual(["b"]);
});
