import { lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type GitFileStats, captureGit } from "runledger/git";
import { expect, test } from "vitest";
import { Repository } from "./repository.ts";

/** A file system in memory with what is below a directory, as `/code`. It has no times and can change nothing. */
function copied(directory: string): { readonly promises: never; readonly calls: string[] } {
  const files = new Map<string, Uint8Array | string[]>();
  const add = (path: string, to: string): void => {
    if (lstatSync(path).isDirectory()) {
      const names = readdirSync(path);
      files.set(to, names);
      for (const name of names) add(join(path, name), `${to}/${name}`);
    } else files.set(to, new Uint8Array(readFileSync(path)));
  };
  add(directory, "/code");
  files.set("/", ["code"]);
  const calls: string[] = [];
  const found = (path: string): Uint8Array | string[] => {
    const value = files.get(path.length > 1 ? path.replace(/\/$/, "") : path);
    if (!value) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return value;
  };
  const stat = async (path: string): Promise<GitFileStats> => {
    const value = found(path);
    const isDirectory = Array.isArray(value);
    return {
      size: isDirectory ? 0 : value.length,
      mode: isDirectory ? 0o40755 : 0o100644,
      isFile: () => !isDirectory,
      isDirectory: () => isDirectory,
      isSymbolicLink: () => false,
    };
  };
  const promises = {
    readFile: async (path: string, options?: string | { encoding?: string }) => {
      const value = found(path);
      if (Array.isArray(value)) throw Object.assign(new Error("a directory"), { code: "EISDIR" });
      const encoding = typeof options === "string" ? options : options?.encoding;
      return encoding ? new TextDecoder().decode(value) : value.slice();
    },
    readdir: async (path: string) => {
      const value = found(path);
      if (!Array.isArray(value)) throw Object.assign(new Error("a file"), { code: "ENOTDIR" });
      return value;
    },
    stat,
    lstat: stat,
    readlink: async () => {
      throw new Error("no links");
    },
    writeFile: async (path: string) => void calls.push(path),
    mkdir: async (path: string) => void calls.push(path),
    unlink: async (path: string) => void calls.push(path),
  };
  return { promises: promises as never, calls };
}

test("files without permission leave it unknown", async () => {
  const repository = new Repository();
  try {
    repository.begin();
    const { promises } = await import("node:fs");
    const denied = (path: string): never => {
      throw Object.assign(new Error(`EACCES: ${path}`), { code: "EACCES", syscall: "open" });
    };
    for (const name of [".git/HEAD", ".git/config", ".git/index", ".git/objects", "train.ts"]) {
      const readFile = async (path: string, options?: never): Promise<unknown> =>
        path.includes(`/${name}`) ? denied(path) : await promises.readFile(path, options);
      const fs = { promises: { ...promises, readFile } };
      // Without times, so that the content is read.
      const lstat = async (path: string): Promise<GitFileStats> => {
        const stats = await promises.lstat(path);
        return Object.assign(Object.create(stats) as GitFileStats, { mtimeMs: undefined, ctimeMs: undefined });
      };
      const code = await captureGit({
        fs: { promises: { ...fs.promises, lstat } } as never,
        directory: repository.directory,
      });
      expect(code?.dirty, name).toBe("unknown");
      expect(code?.incomplete.length, name).toBeGreaterThan(0);
      expect(JSON.stringify(code?.incomplete)).not.toContain(repository.directory);
    }
  } finally {
    repository.dispose();
  }
});

test("a repository in memory is read as on disk, and nothing is written", async () => {
  const repository = new Repository();
  try {
    repository.begin();
    repository.git("gc", "--quiet");
    repository.change();
    const fs = copied(repository.directory);
    const inMemory = await captureGit({ fs, directory: "/code/model" });
    const onDisk = await captureGit({ directory: repository.directory, engine: "git" });
    const { engine, engineVersion, ...facts } = inMemory ?? {};
    expect([engine, engineVersion]).toEqual(["isomorphic-git", "1.44.19"]);
    expect({ ...facts, patch: undefined }).toEqual({
      ...onDisk,
      engine: undefined,
      engineVersion: undefined,
      patch: undefined,
    });
    expect(repository.patchedTree(inMemory?.patch)).toBe(repository.workTree());
    expect(fs.calls).toEqual([]);
    expect(await captureGit({ fs, directory: "/" })).toBeUndefined();
  } finally {
    repository.dispose();
  }
});
