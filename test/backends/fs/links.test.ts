import { execFileSync } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytes, everyFile, keys, makePlace, open, refuseLink, works } from "./place.ts";

/** A ledger beside a directory with a secret, and links from the one into the other. */
async function hostilePlace(): Promise<{ root: string; outside: string }> {
  const place = await makePlace();
  const [root, outside] = [join(place, "root"), join(place, "outside")];
  await mkdir(join(root, "real/deep"), { recursive: true });
  await mkdir(join(outside, "sub"), { recursive: true });
  await writeFile(join(outside, "secret"), "secret");
  await writeFile(join(outside, "sub/secret"), "secret");
  await writeFile(join(root, "real/object"), "object");
  await symlink(join(outside, "secret"), join(root, "file"));
  await symlink(outside, join(root, "directory"));
  await symlink("../../../outside", join(root, "real/deep/relative"));
  await symlink(join(outside, "nowhere"), join(root, "dangling"));
  await symlink("real", join(root, "inside"));
  await symlink("loop", join(root, "loop"));
  return { root, outside };
}

for (const [how, options] of [
  ["with links", {}],
  ["without links", { link: refuseLink }],
] as const) {
  test(`${how}: nothing outside the root is read, listed, made, changed or removed`, async () => {
    const { root, outside } = await hostilePlace();
    const backend = open(root, options);
    const before = await everyFile(outside);

    for (const key of ["file", "dangling", "loop"]) {
      await expect(backend.read(key)).rejects.toMatchObject({ code: "NOT_FOUND", key });
      expect(await backend.stat(key)).toBeUndefined();
      await expect(backend.create(key, bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key });
      await expect(backend.append(key, bytes("x"))).rejects.toMatchObject({ code: "CONFLICT", key });
      await expect(backend.move(key, "moved")).rejects.toMatchObject({ code: "NOT_FOUND", key });
      await backend.remove(key);
    }
    for (const key of ["directory/secret", "directory/sub/secret", "real/deep/relative/secret", "inside/object"]) {
      const denied = { code: "PERMISSION_DENIED" };
      await expect(backend.read(key)).rejects.toMatchObject(denied);
      await expect(backend.stat(key)).rejects.toMatchObject(denied);
      await expect(backend.create(key, bytes("x"))).rejects.toMatchObject(denied);
      await expect(backend.append(key, bytes("x"))).rejects.toMatchObject(denied);
      await expect(backend.remove(key)).rejects.toMatchObject(denied);
      await expect(backend.move(key, "moved")).rejects.toMatchObject(denied);
      await expect(backend.move("real/object", key)).rejects.toMatchObject(denied);
    }
    await expect(keys(backend.list("directory"))).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    for (const key of ["directory/new/x", "dangling/x"]) {
      await expect(backend.read(key)).rejects.toMatchObject({ code: "NOT_FOUND", key });
      await expect(backend.create(key, bytes("x"))).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
      await expect(backend.append(key, bytes("x"))).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    }

    expect(await keys(backend.list(""))).toEqual(["real/object"]);
    expect(await backend.removeStaleTemporaryFiles({ olderThanMs: 0 })).toEqual({ removed: 0, bytes: 0 });
    expect(await everyFile(outside)).toEqual(before);
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("secret");
    expect(await everyFile(root)).toEqual(
      ["dangling", "directory", "file", "inside", "loop", "real/deep/relative", "real/object"].toSorted(),
    );
  });
}

test.skipIf(!works("mkfifo", "--version"))(
  "a pipe with the name of an object does not block, and is not an object (skipped without mkfifo)",
  async () => {
    const place = await makePlace();
    execFileSync("mkfifo", [join(place, "pipe")]);
    const backend = open(place);
    await expect(backend.read("pipe")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await backend.stat("pipe")).toBeUndefined();
    await expect(backend.append("pipe", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(backend.create("pipe", bytes("x"))).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await keys(backend.list(""))).toEqual([]);
  },
);
