import { utf8Decoder } from "../../bytes/utf8.ts";
import type { GitFiles } from "../git-files.ts";

/** Where a repository is. Paths are absolute. */
export interface GitDirectory {
  /** The top of the working tree. */
  readonly root: string;
  readonly directory: string;
  /** Where refs, objects and the configuration are. A linked working tree shares them with others. */
  readonly common: string;
  readonly isLinked: boolean;
}

/** Returns the repository around a directory, or `undefined` if there is none. */
export async function findGitDirectory(files: GitFiles, from: string): Promise<GitDirectory | undefined> {
  for (let root = from; ; root = parentOf(root)) {
    const path = joinPath(root, ".git");
    const stats = await files.lstat(path);
    if (stats !== undefined) {
      const directory = stats.isFile() ? await followGitFile(files, root, path) : path;
      if (directory !== undefined) {
        const common = await readLine(files, `${directory}/commondir`);
        const isLinked = common !== undefined;
        return { root, directory, common: isLinked ? resolvePath(directory, common) : directory, isLinked };
      }
    }
    if (root === parentOf(root)) return undefined;
  }
}

async function followGitFile(files: GitFiles, root: string, path: string): Promise<string | undefined> {
  const target = /^gitdir: (.+)$/.exec((await readLine(files, path)) ?? "")?.[1];
  return target === undefined ? undefined : resolvePath(root, target);
}

/** Returns the text of a small file without the last line feed. */
export async function readLine(files: GitFiles, path: string): Promise<string | undefined> {
  const bytes = await files.read(path);
  return (
    bytes &&
    utf8Decoder()
      .decode(bytes.subarray(0, 8192))
      .replace(/\r?\n$/, "")
  );
}

export function joinPath(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

function parentOf(path: string): string {
  const at = path.lastIndexOf("/");
  if (at <= 0 || /^[A-Za-z]:\/$/.test(path)) return at === 0 ? "/" : path;
  return at === 2 && path[1] === ":" ? path.slice(0, 3) : path.slice(0, at);
}

/** Returns an absolute path without `.` and `..`. */
export function resolvePath(directory: string, path: string): string {
  const slashed = path.replaceAll("\\", "/");
  const all = /^(?:\/|[A-Za-z]:\/)/.test(slashed) ? slashed : joinPath(directory, slashed);
  const start = /^(?:[A-Za-z]:)?\//.exec(all)?.[0] ?? "";
  const parts: string[] = [];
  for (const part of all.slice(start.length).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return start + parts.join("/");
}
