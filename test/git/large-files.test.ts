import { createHash } from "node:crypto";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { captureGit } from "runledger/git";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ByteGate } from "../../src/git/portable/byte-gate.ts";
import { inflatesWithin } from "../../src/git/portable/object-size.ts";
import { Repository } from "./repository.ts";

const MIB: number = 1024 * 1024;

describe("isomorphic-git", () => {
  let repository: Repository;
  beforeEach(() => {
    repository = new Repository();
    repository.begin();
  });
  afterEach(() => repository.dispose());

  const capture = (): ReturnType<typeof captureGit> =>
    captureGit({ directory: repository.directory, engine: "isomorphic-git" });

  test("a file with millions of lines is left out of the patch without comparing them", async () => {
    repository.write("run.sh", new Uint8Array(6 * MIB).fill(10));
    repository.write("train.ts", "changed\n");
    const code = await capture();
    expect(code).toMatchObject({
      dirty: true,
      changes: [{ path: "run.sh" }, { path: "train.ts" }],
      incomplete: ["patch: it would be longer than 1048576 bytes; left out 1 file: run.sh"],
    });
    expect(new TextDecoder().decode(code?.patch)).toContain("train.ts");
  });

  test("a small file with too many lines is left out of the patch", async () => {
    repository.write("run.sh", new Uint8Array(100_001).fill(10));
    expect(await capture()).toMatchObject({
      changes: [{ path: "run.sh" }],
      incomplete: ["patch: run.sh is too large to be compared"],
    });
  });

  test("only the mode of a file with many lines changed", async () => {
    repository.write("run.sh", new Uint8Array(100_001).fill(10));
    repository.git("commit", "--quiet", "--all", "--message", "lines");
    chmodSync(join(repository.directory, "run.sh"), 0o755);
    const code = await capture();
    expect(code).toMatchObject({ changes: [{ path: "run.sh" }], incomplete: [] });
    expect(repository.patchedTree(code?.patch)).toBe(repository.workTree());
  });

  test("a small object that inflates to a large one is not read", async () => {
    const object = Buffer.alloc(33 * MIB, " ");
    object.write(`blob ${object.length - 14}\0`);
    expect(object.indexOf(0)).toBe(13);
    const id = createHash("sha1").update(object).digest("hex");
    repository.write(`.git/objects/${id.slice(0, 2)}/${id.slice(2)}`, deflateSync(object, { level: 1 }));
    repository.git("update-index", "--add", "--cacheinfo", `100644,${id},large.txt`);
    repository.git("commit", "--quiet", "--message", "large");
    repository.write("large.txt", "small\n");
    expect(await capture()).toMatchObject({
      dirty: true,
      changes: [{ path: "large.txt", status: "modified" }],
      incomplete: ["patch: large.txt cannot be compared"],
    });
  });
});

test("inflating stops at the limit", async () => {
  const deflated = deflateSync(Buffer.alloc(100_000));
  expect(await inflatesWithin(deflated, 100_000)).toBe(true);
  expect(await inflatesWithin(deflated, 99_999)).toBe(false);
  expect(await inflatesWithin(Buffer.from("no deflated bytes"), 1000)).toBe(false);
});

test("files are read together only up to the limit, and larger ones alone", async () => {
  const gate = new ByteGate();
  const sizes = [30, 30, 30, 512, 1, 1, 64, 20];
  const running = new Set<number>();
  const seen: string[] = [];
  await Promise.all(
    sizes.map((size, i) =>
      gate.run(size * MIB, async () => {
        running.add(i);
        seen.push([...running].join(" "));
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
        running.delete(i);
      }),
    ),
  );
  expect(seen).toEqual(["0", "0 1", "2", "3", "4", "4 5", "6", "7"]);
});

test("work that fails gives its bytes back", async () => {
  const gate = new ByteGate();
  await expect(gate.run(64 * MIB, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await gate.run(64 * MIB, () => Promise.resolve("next"))).toBe("next");
});
