import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { LedgerError } from "runledger";
import { captureGit } from "runledger/git";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isFull } from "../rounds.ts";
import { Repository, fingerprint, lines } from "./repository.ts";

let repository: Repository;
const env = { ...process.env };
beforeEach(() => {
  repository = new Repository();
});
afterEach(() => {
  repository.dispose();
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
});

const ENGINES = isFull ? (["auto", "git", "isomorphic-git"] as const) : (["auto", "isomorphic-git"] as const);
const isRoot = process.getuid?.() === 0;

/** Puts a program called `git` before the real one. */
function fakeGit(script: string): void {
  const folder = join(repository.top, "programs");
  mkdirSync(folder);
  writeFileSync(join(folder, "git"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "git"), 0o755);
  process.env["PATH"] = `${folder}:${process.env["PATH"]}`;
}

describe("options", () => {
  test.each([
    [{ directory: "" }, "INVALID_ARGUMENT"],
    [{ directory: 5 }, "INVALID_ARGUMENT"],
    [{ directory: "a\0b" }, "INVALID_ARGUMENT"],
    [{ engine: "svn" }, "INVALID_ARGUMENT"],
    [{ fs: {} }, "INVALID_ARGUMENT"],
    [{ patch: "yes" }, "INVALID_ARGUMENT"],
    [{ untrackedContents: 1 }, "INVALID_ARGUMENT"],
    [{ maxPatchBytes: -1 }, "INVALID_ARGUMENT"],
    [{ timeoutMs: 0 }, "INVALID_ARGUMENT"],
    [{ signal: {} }, "INVALID_ARGUMENT"],
    [{ dir: "." }, "UNSUPPORTED"],
    [5, "INVALID_ARGUMENT"],
  ])("%j", async (options, code) => {
    await expect(captureGit(options as never)).rejects.toMatchObject({ name: "LedgerError", code });
  });

  test("the git program does not read other file systems", async () => {
    const fs = await import("node:fs");
    await expect(captureGit({ fs: fs as never, engine: "git" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});

describe.each(ENGINES)("%s", (engine) => {
  test("a directory that is in no repository", async () => {
    expect(await captureGit({ directory: repository.directory, engine })).toBeUndefined();
    expect(await captureGit({ directory: join(repository.directory, "missing"), engine }).catch(() => undefined)).toBe(
      undefined,
    );
  });

  test("a directory inside a repository", async () => {
    repository.begin();
    repository.change();
    const code = await captureGit({ directory: join(repository.directory, "model"), engine });
    expect(code?.changes.map(({ path }) => path)).toEqual(["data.bin", "train.ts"]);
    expect(repository.patchedTree(code?.patch)).toBe(repository.workTree());
  });

  test("an aborted signal", async () => {
    repository.begin();
    const reason = new Error("enough");
    const { directory } = repository;
    await expect(captureGit({ directory, engine, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const capturing = captureGit({ directory, engine, signal: controller.signal });
    controller.abort(reason);
    await expect(capturing).rejects.toBe(reason);
  });

  test("settings that would hide changes or move the diff", async () => {
    repository.begin();
    for (const [key, value] of [
      ["diff.noprefix", "true"],
      ["diff.mnemonicPrefix", "true"],
      ["diff.context", "0"],
      ["diff.renames", "copies"],
      ["diff.suppressBlankEmpty", "true"],
      ["color.ui", "always"],
      ["status.showUntrackedFiles", "no"],
      ["status.relativePaths", "false"],
      ["core.quotePath", "true"],
    ])
      repository.git("config", key as string, value as string);
    repository.change();
    const code = await captureGit({ directory: repository.directory, engine });
    expect(code).toMatchObject({ dirty: true, untracked: [{ path: "notes.txt", size: 12 }] });
    expect(repository.patchedTree(code?.patch)).toBe(repository.workTree());
  });

  test("GIT_ variables of the process do not count", async () => {
    repository.begin();
    process.env["GIT_DIR"] = join(repository.top, "other");
    process.env["GIT_WORK_TREE"] = repository.top;
    process.env["GIT_INDEX_FILE"] = join(repository.top, "index");
    process.env["GIT_EXTERNAL_DIFF"] = "false";
    const code = await captureGit({ directory: repository.directory, engine });
    expect(code).toMatchObject({ dirty: false, branch: "main" });
  });
});

describe("damage", () => {
  test.each(["HEAD", "config", "index", "objects"])("%s", async (name) => {
    repository.begin();
    repository.change();
    const path = join(repository.directory, ".git", name);
    if (name === "objects") {
      for (const folder of readdirSync(path)) if (folder.length === 2) rmSync(join(path, folder), { recursive: true });
    } else if (name === "index") truncateSync(path, 100);
    else writeFileSync(path, "\0 neither [ here nor there");
    for (const engine of ["auto", "isomorphic-git"] as const) {
      const code = await captureGit({ directory: repository.directory, engine });
      expect(code?.incomplete.length).toBeGreaterThan(0);
      if (name !== "config") expect(code?.dirty).not.toBe(false);
    }
  });

  test("refs in a form that only newer programs know", async () => {
    repository.begin();
    repository.git("config", "core.repositoryFormatVersion", "1");
    repository.git("config", "extensions.refStorage", "reftable");
    writeFileSync(join(repository.directory, ".git/HEAD"), "ref: refs/heads/.invalid\n");
    const code = await captureGit({ directory: repository.directory, engine: "isomorphic-git" });
    expect(code).toMatchObject({ dirty: "unknown" });
    expect(code?.commit).toBeUndefined();
    expect(code?.branch).toBeUndefined();
    expect(code?.incomplete.join("\n")).toMatch(/reftable/);
  });

  test("a fetched file .git that leads nowhere", async () => {
    repository.write(".git", "gitdir: ../nowhere\n");
    expect(await captureGit({ directory: repository.directory, engine: "isomorphic-git" })).toMatchObject({
      dirty: "unknown",
      incomplete: expect.arrayContaining(["commit: HEAD cannot be read"]),
    });
  });
});

describe("pipes in the place of files keep no thread waiting", () => {
  const pipe = (path: string): void => {
    rmSync(join(repository.directory, path), { recursive: true, force: true, maxRetries: 10 });
    execFileSync("mkfifo", [join(repository.directory, path)]);
  };

  test("in the working tree", async () => {
    repository.begin();
    for (const path of ["train.ts", "data.bin", "run.sh", "model/layers.ts", ".gitignore", "extra"]) pipe(path);
    const code = await captureGit({ directory: repository.directory, engine: "isomorphic-git" });
    expect(code?.dirty).toBe(true);
    expect(code?.untracked).toEqual([]);
  });

  test.each(["HEAD", "config", "index", "packed-refs", "objects/info/alternates"])("in .git: %s", async (path) => {
    repository.begin();
    pipe(`.git/${path}`);
    for (const engine of ["auto", "isomorphic-git"] as const) {
      const code = await captureGit({ directory: repository.directory, engine, timeoutMs: 500 });
      if (path === "HEAD") expect(code?.commit).toBeUndefined();
    }
  });
});

describe("a time limit never rejects the call", () => {
  test.each([0.1, 1, 5, 20, 50])("%d ms", async (timeoutMs) => {
    repository.begin();
    const commit = repository.git("rev-parse", "HEAD").trim();
    for (const engine of ["auto", "git", "isomorphic-git"] as const) {
      const code = await captureGit({ directory: repository.directory, engine, timeoutMs });
      expect(code).toMatchObject({ commit, branch: "main" });
      if (code?.dirty !== false)
        expect(code).toMatchObject({
          dirty: "unknown",
          incomplete: [`dirty: reading took longer than ${timeoutMs} ms`],
        });
    }
  });

  test("on a file system that never answers", async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const promises = { readFile: never, readdir: never, stat: never, lstat: never, readlink: never };
    expect(await captureGit({ fs: { promises }, timeoutMs: 5 })).toMatchObject({
      dirty: "unknown",
      incomplete: ["commit: reading took longer than 5 ms", "lockfile: it cannot be read"],
    });
  });
});

test("a path with a secret to the lockfile, and a lockfile that is too large", async () => {
  repository.begin();
  const secret = `ghp_${"aB3xY9kQ".repeat(5).slice(0, 36)}`;
  repository.write(`${secret}/package-lock.json`, "{}");
  const directory = join(repository.directory, secret);
  const code = await captureGit({ directory });
  expect(code?.lockfile?.path).toMatch(/\/package-lock\.json$/);
  expect(JSON.stringify(code)).not.toContain(secret);
  truncateSync(join(directory, "package-lock.json"), 65 * 1024 * 1024);
  const large = await captureGit({ directory });
  expect(large?.lockfile).toBeUndefined();
  expect(large?.incomplete).toContain("lockfile: it cannot be read");
});

test("more files with a filter than a command line can name", async () => {
  repository.begin();
  repository.write(".gitattributes", "*.bin filter=large\n");
  repository.git("config", "filter.large.clean", "cat");
  const paths = Array.from({ length: 250 }, (_, i) => `${"folder-with-a-long-name/".repeat(4)}${i}.bin`);
  for (const path of paths) repository.write(path, "one");
  repository.git("add", "--all");
  repository.git("commit", "--quiet", "--message", "many");
  for (const path of paths) repository.write(path, "other");
  repository.write("train.ts", "changed\n");
  const code = await captureGit({ directory: repository.directory, engine: "git" });
  expect(code).toMatchObject({ dirty: true, changes: [{ path: "train.ts", status: "modified" }] });
  expect(code?.patch).toBeUndefined();
  expect(code?.incomplete).toEqual([
    "dirty: 250 files with a filter may have changed; filters were not run",
    "patch: 250 files would have to be left out, so there is none",
  ]);
});

test.each(["auto", "isomorphic-git"] as const)("%s: settings that name another working tree", async (engine) => {
  repository.begin();
  repository.git("config", "core.worktree", "../../private");
  repository.write("../private/diary.txt", "x");
  const code = await captureGit({ directory: repository.directory, engine });
  expect(code).toMatchObject({ branch: "main", dirty: "unknown", changes: [], untracked: [] });
  expect(JSON.stringify(code)).not.toContain("diary");
});

describe("the git program", () => {
  test("is missing", async () => {
    repository.begin();
    repository.change();
    process.env["PATH"] = join(repository.top, "empty");
    const { directory } = repository;
    expect(await captureGit({ directory })).toMatchObject({ engine: "isomorphic-git", dirty: true, incomplete: [] });
    await expect(captureGit({ directory, engine: "git" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  test("is not taken from a relative folder", async () => {
    repository.begin();
    fakeGit("exit 3");
    process.env["PATH"] = `:.:programs:${env["PATH"]}`;
    expect(await captureGit({ directory: repository.directory })).toMatchObject({ engine: "git", dirty: false });
  });

  test("hangs, and so do its children", async () => {
    repository.begin();
    const commit = repository.git("rev-parse", "HEAD").trim();
    fakeGit("sleep 5 & sleep 5");
    const code = await captureGit({ directory: repository.directory, timeoutMs: 300 });
    expect(code).toMatchObject({
      // What is left was read without the program.
      engine: "isomorphic-git",
      branch: "main",
      dirty: "unknown",
      incomplete: ["dirty: reading took longer than 300 ms"],
    });
    expect(code?.commit).toBe(commit);
  });

  test("fails in every call", async () => {
    repository.begin();
    fakeGit("echo 'fatal: no' >&2; exit 128");
    const { directory } = repository;
    const code = await captureGit({ directory });
    expect(code).toMatchObject({ engine: "isomorphic-git", dirty: false });
    expect(code?.incomplete).toEqual(["engine: git refused the repository: fatal: no"]);
    const failed = captureGit({ directory, engine: "git" });
    await expect(failed).rejects.toSatisfy((error) => LedgerError.hasCode(error, "IO"));
  });

  test("prints without end", async () => {
    repository.begin();
    fakeGit(`exec yes ${"a".repeat(1000)}`);
    const code = await captureGit({ directory: repository.directory, timeoutMs: 20_000 });
    expect(code?.incomplete.length).toBeGreaterThan(0);
  });

  test.runIf(isRoot)("refuses a directory of another user", async () => {
    repository.begin();
    repository.change();
    repository.git("config", "core.fsmonitor", `touch ${join(repository.top, "bird")}`);
    chownSync(repository.directory, 65534, 65534);
    chownSync(join(repository.directory, ".git"), 65534, 65534);
    const code = await captureGit({ directory: repository.directory });
    expect(code).toMatchObject({ engine: "isomorphic-git", dirty: true });
    expect(code?.incomplete.join("\n")).toMatch(/dubious ownership/);
    expect(readdirSync(repository.top)).not.toContain("bird");
  });
});

test("isomorphic-git lists no untracked files whose ignore file is too large, and follows no link to one", async () => {
  repository.begin();
  repository.write("large/.gitignore", "x\n".repeat(150_000));
  repository.write("large/a.txt", "x");
  repository.write("linked/a.txt", "x");
  writeFileSync(join(repository.top, "rules"), "a.txt\n");
  symlinkSync(join(repository.top, "rules"), join(repository.directory, "linked/.gitignore"));
  const untracked = ["linked/.gitignore", "linked/a.txt"];
  const code = await captureGit({ directory: repository.directory, engine: "isomorphic-git" });
  expect(code?.untracked.map(({ path }) => path)).toEqual(untracked);
  expect(code?.incomplete).toEqual([
    "untracked: 1 directory not looked at, with ignore files that cannot be read or are too large",
  ]);
  const git = await captureGit({ directory: repository.directory, engine: "git" });
  expect(git?.untracked.map(({ path }) => path)).toEqual(expect.arrayContaining(untracked));
});

test("global excludes of the user", async () => {
  repository.begin();
  const home = join(repository.top, "home");
  mkdirSync(join(home, ".config/git"), { recursive: true });
  writeFileSync(join(home, ".config/git/ignore"), "*.scratch\n");
  process.env["HOME"] = home;
  delete process.env["XDG_CONFIG_HOME"];
  repository.write("a.scratch", "x");
  repository.write("b.txt", "x");
  repository.write("c.txt", "x");
  const untracked = async (engine: "git" | "isomorphic-git"): Promise<string[] | undefined> =>
    (await captureGit({ directory: repository.directory, engine }))?.untracked.map(({ path }) => path);
  for (const engine of ["git", "isomorphic-git"] as const) expect(await untracked(engine)).toEqual(["b.txt", "c.txt"]);
  mkdirSync(join(home, "settings/git"), { recursive: true });
  writeFileSync(join(home, "settings/git/ignore"), "b.*\n");
  process.env["XDG_CONFIG_HOME"] = join(home, "settings");
  for (const engine of ["git", "isomorphic-git"] as const)
    expect(await untracked(engine)).toEqual(["a.scratch", "c.txt"]);
  writeFileSync(join(home, ".gitconfig"), "[core]\n\texcludesFile = ~/own # mine\n");
  writeFileSync(join(home, "own"), "c.txt\n");
  for (const engine of ["git", "isomorphic-git"] as const)
    expect(await untracked(engine)).toEqual(["a.scratch", "b.txt"]);
  // isomorphic-git does not read what settings include.
  writeFileSync(join(home, ".gitconfig"), "[include]\n\tpath = other\n");
  expect(await captureGit({ directory: repository.directory, engine: "isomorphic-git" })).toMatchObject({
    dirty: "unknown",
    incomplete: ["dirty: configuration in included files"],
  });
});

test("a very large change stops at the limit", async () => {
  repository.begin();
  repository.write("huge.txt", lines(200_000, "line"));
  repository.git("add", "--all");
  const before = fingerprint(join(repository.directory, ".git"));
  for (const engine of ["git", "isomorphic-git"] as const) {
    const code = await captureGit({ directory: repository.directory, engine, timeoutMs: 30_000 });
    expect(code?.dirty).toBe(true);
    expect(code?.patch).toBeUndefined();
    expect(code?.incomplete.join("\n")).toMatch(/^patch: /);
  }
  expect(fingerprint(join(repository.directory, ".git"))).toEqual(before);
});

test("the lockfile, also if git ignores it, and the script", async () => {
  repository.begin();
  repository.write(".gitignore", "package-lock.json\nyarn.lock\n");
  repository.write("package-lock.json", "{}\n");
  repository.write("app/yarn.lock", "x\n");
  const top = await captureGit({ directory: repository.directory });
  expect(top?.lockfile).toEqual({
    path: "package-lock.json",
    digest: "sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",
  });
  expect(top?.entry).toBeUndefined();
  const inner = await captureGit({ directory: join(repository.directory, "app") });
  expect(inner?.lockfile?.path).toBe("app/yarn.lock");
  const script = process.argv[1] as string;
  process.argv[1] = join(repository.directory, "train.ts");
  try {
    expect((await captureGit({ directory: repository.directory }))?.entry).toBe("train.ts");
  } finally {
    process.argv[1] = script;
  }
});
