import { createHash } from "node:crypto";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ByteGate } from "../../src/git/portable/byte-gate.ts";
import { inflatesWithin } from "../../src/git/portable/object-size.ts";
import { freshRepository } from "./fresh-repository.ts";

const MIB: number = 1024 * 1024;

describe("isomorphic-git", () => {
  const fresh = freshRepository();

  test("a file with millions of lines is left out of the patch without comparing them", async () => {
    fresh.current.write("run.sh", new Uint8Array(6 * MIB).fill(10));
    fresh.current.write("train.ts", "changed\n");
    const code = await fresh.capture();
    expect(code).toMatchObject({
      dirty: true,
      changes: [{ path: "run.sh" }, { path: "train.ts" }],
      incomplete: ["patch: it would be longer than 1048576 bytes; left out 1 file: run.sh"],
    });
    expect(new TextDecoder().decode(code?.patch)).toContain("train.ts");
  });

  test("a small file with too many lines is left out of the patch", async () => {
    fresh.current.write("run.sh", new Uint8Array(100_001).fill(10));
    expect(await fresh.capture()).toMatchObject({
      changes: [{ path: "run.sh" }],
      incomplete: ["patch: run.sh is too large to be compared"],
    });
  });

  test("only the mode of a file with many lines changed", async () => {
    fresh.current.write("run.sh", new Uint8Array(100_001).fill(10));
    fresh.current.git("commit", "--quiet", "--all", "--message", "lines");
    chmodSync(join(fresh.current.directory, "run.sh"), 0o755);
    const code = await fresh.capture();
    expect(code).toMatchObject({ changes: [{ path: "run.sh" }], incomplete: [] });
    expect(fresh.current.patchedTree(code?.patch)).toBe(fresh.current.workTree());
  });

  test("a small object that inflates to a large one is not read", async () => {
    const object = Buffer.alloc(33 * MIB, " ");
    object.write(`blob ${object.length - 14}\0`);
    expect(object.indexOf(0)).toBe(13);
    const id = createHash("sha1").update(object).digest("hex");
    fresh.current.write(`.git/objects/${id.slice(0, 2)}/${id.slice(2)}`, deflateSync(object, { level: 1 }));
    fresh.current.git("update-index", "--add", "--cacheinfo", `100644,${id},large.txt`);
    fresh.current.git("commit", "--quiet", "--message", "large");
    fresh.current.write("large.txt", "small\n");
    expect(await fresh.capture()).toMatchObject({
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
