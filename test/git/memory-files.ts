import type { GitFileStats, GitFileSystem } from "runledger/git";

/** What a file system in memory has at a path. A function is the content of a file, when it is read. */
export type Held = Uint8Array | string | readonly string[] | (() => Promise<Uint8Array>);

/** A file system that answers from a function, and counts its calls. */
export class MemoryFiles implements GitFileSystem {
  readonly calls: Record<string, number> = {};
  readonly promises: GitFileSystem["promises"];

  constructor(held: (path: string) => Held | undefined) {
    const find = (call: string, path: string): Held => {
      this.calls[call] = (this.calls[call] ?? 0) + 1;
      const found = held(path);
      if (found === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
      return found;
    };
    const stat = async (path: string): Promise<GitFileStats> => statsOf(find("stat", path));
    this.promises = {
      stat,
      lstat: stat,
      readFile: async (path) => {
        const found = find("readFile", path);
        return typeof found === "function" ? await found() : bytesOf(found);
      },
      readdir: async (path) => [...(find("readdir", path) as readonly string[])],
      readlink: async () => "",
    };
  }

  /** Returns a file system with these files. */
  static of(files: { readonly [path: string]: Uint8Array | string | (() => Promise<Uint8Array>) }): MemoryFiles {
    const held = new Map<string, Held>(Object.entries(files));
    for (const path of Object.keys(files)) {
      for (
        let at = path.lastIndexOf("/"), below = path;
        at >= 0;
        below = below.slice(0, at), at = below.lastIndexOf("/")
      ) {
        const folder = below.slice(0, at) || "/";
        const names = (held.get(folder) as readonly string[] | undefined) ?? [];
        const name = below.slice(at + 1);
        if (!names.includes(name)) held.set(folder, [...names, name]);
      }
    }
    return new MemoryFiles((path) => held.get(path));
  }
}

function statsOf(held: Held): GitFileStats {
  const isDirectory = Array.isArray(held);
  return {
    size: isDirectory ? 0 : typeof held === "function" ? 1 : bytesOf(held).length,
    mode: isDirectory ? 0o40755 : 0o100644,
    isFile: () => !isDirectory,
    isDirectory: () => isDirectory,
    isSymbolicLink: () => false,
  };
}

function bytesOf(held: Held): Uint8Array {
  return held instanceof Uint8Array ? held : new TextEncoder().encode(String(held));
}
