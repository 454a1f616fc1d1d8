import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseIndex } from "../../src/git/portable/index-file.ts";
import { freshRepository } from "./fresh-repository.ts";

/** Returns an index of version 4. Each path keeps the one before it without its last five bytes. */
function indexOf(first: string, count: number): Buffer {
  const header = Buffer.from("DIRC\0\0\0\u0004\0\0\0\0");
  header.writeUInt32BE(count, 8);
  const parts = [header];
  for (let i = 0; i < count; i++) {
    const entry = Buffer.alloc(62);
    entry.writeUInt32BE(0o100644, 24);
    entry.fill(1, 40, 60);
    const name = i === 0 ? first : String(i).padStart(5, "0");
    parts.push(entry, Buffer.from(`${i === 0 ? "\0" : "\u0005"}${name}\0`));
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, createHash("sha1").update(body).digest()]);
}

test("paths of 4096 bytes are read", () => {
  expect(parseIndex(indexOf("a".repeat(4096), 3)).entries.map(({ path }) => path.length)).toEqual([4096, 4096, 4096]);
});

test("an index that expands to many bytes of paths is not read", () => {
  const bytes = indexOf("a".repeat(4096), 20_000);
  expect(bytes.length).toBeLessThan(2 * 1024 * 1024);
  expect(() => parseIndex(bytes)).toThrow("the paths have more than 67108864 bytes");
});

describe("isomorphic-git", () => {
  const fresh = freshRepository();

  test("an index with longer paths leaves it unknown", async () => {
    fresh.current.write(".git/index", indexOf("a".repeat(60_000), 8000));
    expect(await fresh.capture()).toMatchObject({
      branch: "main",
      dirty: "unknown",
      changes: [],
      incomplete: ["dirty: a path has more than 4096 bytes"],
    });
  });

  test("a commit with longer paths leaves it unknown", async () => {
    let id = put("blob", Buffer.from("x"));
    let mode = "100644";
    for (let depth = 0; depth < 50; depth++) {
      id = put("tree", Buffer.concat([Buffer.from(`${mode} ${"d".repeat(100)}\0`), Buffer.from(id, "hex")]));
      mode = "40000";
    }
    const who = "A <a@example.org> 1 +0000";
    const commit = put("commit", Buffer.from(`tree ${id}\nauthor ${who}\ncommitter ${who}\n\nx\n`));
    fresh.current.write(".git/refs/heads/main", `${commit}\n`);
    expect(await fresh.capture()).toMatchObject({
      commit,
      dirty: "unknown",
      incomplete: ["dirty: a path has more than 4096 bytes"],
    });
  });

  function put(type: string, body: Buffer): string {
    const object = Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]);
    const id = createHash("sha1").update(object).digest("hex");
    const folder = join(fresh.current.directory, ".git/objects", id.slice(0, 2));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, id.slice(2)), deflateSync(object));
    return id;
  }
});
