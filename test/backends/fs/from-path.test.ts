import { appendFile, mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";
import type { LedgerError } from "../../../src/errors/ledger-error.ts";
import type { SourceFile } from "../../../src/backend/file-tree.ts";
import { fromPath } from "../../../src/backends/fs/index.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { openLedger } from "../../../src/index.ts";
import { bytes, makePlace, pattern } from "./place.ts";

async function all(files: AsyncIterable<SourceFile>): Promise<SourceFile[]> {
  const out: SourceFile[] = [];
  for await (const file of files) out.push(file);
  return out;
}

async function contents(file: SourceFile): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.open()) {
    expect(chunk.byteLength).toBeLessThanOrEqual(4 * 1024 * 1024);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

test("one file: its name, size and bytes, any number of times", async () => {
  const place = await makePlace();
  const data = pattern(2 * 1024 * 1024 + 5);
  await writeFile(join(place, "model.bin"), data);
  const tree = fromPath(join(place, "model.bin"));
  expect(tree).toMatchObject({ kind: "runledger.files", single: true });
  const [file] = await all(tree.files());
  expect(file).toMatchObject({ path: "model.bin", size: data.length });
  for (let i = 0; i < 2; i++) expect(Buffer.compare(await contents(file as SourceFile), data)).toBe(0);
});

test("a file: URL is a path", async () => {
  const place = await makePlace();
  await writeFile(join(place, "a b.bin"), "x");
  const [file] = await all(fromPath(pathToFileURL(join(place, "a b.bin"))).files());
  expect(file).toMatchObject({ path: "a b.bin", size: 1 });
  expect(() => fromPath(new URL("https://example.com/a"))).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});

test("a directory: every file below it in the order of the paths, including empty and hidden ones", async () => {
  const place = await makePlace();
  await mkdir(join(place, "a/deep"), { recursive: true });
  await mkdir(join(place, "empty"));
  for (const name of ["a/deep/x", "a-b", "a/z", ".hidden", "b"]) await writeFile(join(place, name), name);
  await writeFile(join(place, "none"), "");
  const tree = fromPath(place);
  expect(tree.single).toBe(false);
  const files = await all(tree.files());
  expect(files.map((file) => file.path)).toEqual([".hidden", "a-b", "a/deep/x", "a/z", "b", "none"]);
  expect(await contents(files[2] as SourceFile)).toEqual(Buffer.from(bytes("a/deep/x")));
  expect(await contents(files[5] as SourceFile)).toHaveLength(0);
});

test("links inside are refused, or left out with an option; the path itself may be a link", async () => {
  const place = await makePlace();
  await mkdir(join(place, "data"));
  await writeFile(join(place, "data/x"), "x");
  await writeFile(join(place, "secret"), "secret");
  await symlink("../secret", join(place, "data/link"));
  await symlink("..", join(place, "data/up"));
  await symlink("data", join(place, "alias"));
  await symlink("data/x", join(place, "alias-x"));
  await expect(all(fromPath(join(place, "data")).files())).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "path",
  });
  const skipped = await all(fromPath(join(place, "alias"), { links: "skip" }).files());
  expect(skipped.map((file) => file.path)).toEqual(["x"]);
  const [single] = await all(fromPath(join(place, "alias-x")).files());
  expect(single?.path).toBe("alias-x");
  expect(await contents(single as SourceFile)).toEqual(Buffer.from("x"));
});

test("a file that becomes longer, shorter, or a link to another one is an error", async () => {
  const place = await makePlace();
  const path = join(place, "dir/x");
  await mkdir(join(place, "dir"));
  const listed = async (): Promise<SourceFile> => {
    await writeFile(path, pattern(3_000_000));
    return (await all(fromPath(join(place, "dir")).files()))[0] as SourceFile;
  };
  let file = await listed();
  await appendFile(path, "more");
  await expect(contents(file)).rejects.toMatchObject({ code: "CONFLICT" });
  file = await listed();
  await truncate(path, 5);
  await expect(contents(file)).rejects.toMatchObject({ code: "CONFLICT" });

  file = await listed();
  const growing = async (): Promise<void> => {
    let first = true;
    for await (const chunk of file.open()) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      if (first) await appendFile(path, "more");
      first = false;
    }
  };
  await expect(growing()).rejects.toMatchObject({ code: "CONFLICT" });

  file = await listed();
  await rename(path, join(place, "elsewhere"));
  await symlink("../elsewhere", path);
  await expect(contents(file)).rejects.toMatchObject({ code: "CONFLICT" });
});

test("wrong arguments are refused at once", async () => {
  const place = await makePlace();
  expect(() => fromPath(join(place, "nothing"))).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  expect(() => fromPath("")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(() => fromPath("/dev/null")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(() => fromPath(place, { links: "all" as "skip" })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});

test("aborting ends a file and a listing with the reason", async () => {
  const place = await makePlace();
  await writeFile(join(place, "x"), pattern(5_000_000));
  const [file] = await all(fromPath(place).files());
  const controller = new AbortController();
  const reading = (async () => {
    for await (const chunk of (file as SourceFile).open({ signal: controller.signal })) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      controller.abort("stop");
    }
  })();
  await expect(reading).rejects.toBe("stop");
  await expect(all(fromPath(place).files({ signal: controller.signal }))).rejects.toBe("stop");
});

test("exclude leaves out paths that fit a glob, and links are followed, even out of the tree", async () => {
  const place = await makePlace();
  const paths = async (source: ReturnType<typeof fromPath>): Promise<string[]> => {
    const found: string[] = [];
    for await (const { path } of source.files()) found.push(path);
    return found;
  };
  for (const path of ["tree/a.txt", "tree/sub/b.tmp", "tree/sub/deep/c.txt", "tree/node_modules/x.js", "blobs/1"]) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), path);
  }
  const tree = join(place, "tree");
  const left = (exclude: string[]): Promise<string[]> => paths(fromPath(tree, { exclude }));
  expect(await left(["*.tmp", "node_modules"])).toEqual(["a.txt", "sub/deep/c.txt"]);
  expect(await left(["sub/*"])).toEqual(["a.txt", "node_modules/x.js"]);
  expect(await left(["**/deep/**", "/a.txt"])).toEqual(["node_modules/x.js", "sub/b.tmp"]);
  expect(await left(["?.txt", "*"])).toEqual([]);
  for (const exclude of ["x", [5], [""]])
    expect(() => fromPath(tree, { exclude: exclude as string[] })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  await symlink("../../blobs/1", join(tree, "sub/model"));
  await symlink("sub/deep", join(tree, "linked"));
  const skipped: string[] = [];
  const without = fromPath(tree, { links: "skip", exclude: ["*.tmp"], onSkip: (path) => skipped.push(path) });
  expect(await paths(without)).toEqual(["a.txt", "node_modules/x.js", "sub/deep/c.txt"]);
  expect(skipped.sort()).toEqual(["linked", "sub/model"]);
  const followed = fromPath(tree, { links: "follow", exclude: ["node_modules"] });
  expect(await paths(followed)).toEqual(["a.txt", "linked/c.txt", "sub/b.tmp", "sub/deep/c.txt", "sub/model"]);
  for await (const file of followed.files()) {
    if (file.path !== "sub/model") continue;
    for await (const chunk of file.open()) expect(new TextDecoder().decode(chunk)).toBe("blobs/1");
  }
  await symlink("..", join(tree, "sub/up"));
  await expect(paths(fromPath(tree, { links: "follow" }))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("an artifact keeps and marks names that other systems cannot hold", async () => {
  const place = await makePlace();
  const names = ["A.txt", "a.txt", "a:b.json", "aux.py", "ok.txt", "sub/con", "trailing.", "what?.txt"];
  await mkdir(join(place, "sub"));
  for (const name of names) await writeFile(join(place, name), name).catch(() => {});
  // As many of them as this system has.
  const kept = (await all(fromPath(place).files())).map(({ path }) => path);
  if (process.platform === "linux") expect(kept).toEqual(names);
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun();
  const opened = await ledger.openArtifact(await run.logArtifact("odd", fromPath(place)));
  const marked: string[] = [];
  for await (const { path, portable } of opened.files()) {
    expect(Buffer.from(await opened.read(path)).toString()).toBe(path);
    if (portable === false) marked.push(path);
  }
  expect(marked).toEqual(kept.filter((path) => path !== "ok.txt"));
  for (const name of process.platform === "linux" ? ["back\\slash", "new\nline"] : []) {
    await writeFile(join(place, name), "x");
    const refused = run.logArtifact("odd", fromPath(join(place, name)));
    await expect(refused).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "source" });
  }
  await run.finish();
});

test("what links: skip leaves out is reported once per artifact, unless there is an onSkip", async () => {
  const place = await makePlace();
  await writeFile(join(place, "x"), "x");
  for (let i = 0; i < 7; i++) await symlink("x", join(place, `link ${i}`));
  const errors: LedgerError[] = [];
  const ledger = await openLedger(memoryBackend(), { onError: (error) => errors.push(error) });
  const run = await ledger.startRun();
  const skipping = fromPath(place, { links: "skip" });
  await run.logArtifact("a", skipping);
  expect(errors).toMatchObject([{ code: "UNSUPPORTED", field: "source" }]);
  expect(errors[0]?.message).toMatch(/("link \d", ){4}"link \d" and 2 more/);
  await run.logArtifact("b", { files: { d: skipping } });
  expect(errors).toHaveLength(2);
  const skipped: string[] = [];
  await run.logArtifact("c", fromPath(place, { links: "skip", onSkip: (path) => skipped.push(path) }));
  expect([errors.length, skipped.length]).toEqual([2, 7]);
  await run.finish();

  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const other = await (await openLedger(memoryBackend())).startRun();
    for (let i = 0; i < 3; i++) await other.logArtifact("a", skipping);
    await other.finish();
    expect(warned.mock.calls).toEqual([[expect.stringMatching(/"link \d".*UNSUPPORTED/)]]);
  } finally {
    warned.mockRestore();
  }
});

test.each(["error", "follow"] as const)(
  "a file below the directory that cannot be read is named, with links: %s",
  async (links) => {
    const place = await makePlace();
    await writeFile(join(place, "fine"), "x");
    await mkdir(join(place, "sub"));
    const odd = Buffer.concat([Buffer.from(join(place, "sub/bad")), Buffer.from([0xff])]);
    const canHold = await writeFile(odd, "x").then(
      () => process.platform === "linux",
      () => false,
    );
    if (canHold) {
      await expect(all(fromPath(place, { links }).files())).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "path",
        message: expect.stringContaining("bad\uFFFD: its name is not UTF-8"),
      });
    }
    await rm(odd, { force: true });
    if (links === "error") return;
    await symlink("nowhere", join(place, "sub/dead"));
    await expect(all(fromPath(place, { links }).files())).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(`${join(place, "sub/dead")}: it is a dangling link`),
    });
  },
);

test.skipIf(process.platform !== "linux")(
  "a file with more bytes than the system says is refused, not stored empty (skipped: not Linux)",
  async () => {
    const ledger = await openLedger(memoryBackend());
    const run = await ledger.startRun({ environment: false });
    for (const path of ["/proc/self/status", "/proc/self/cmdline"])
      await expect(run.logArtifact("a", fromPath(path))).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await ledger.artifactVersions("a")).toEqual([]);
    await run.finish();
  },
);
