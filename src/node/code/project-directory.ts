import { realpath, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isReadable, mayReadHome } from "./permissions.ts";

/** Files that make a directory a project. */
const PROJECT_FILES = ["package.json", "deno.json", "deno.jsonc", "jsr.json", "bun.lock"];
const MAX_LEVELS = 32;
/** They hold the files of many programs or users. */
const SHARED = ["/", "/tmp", "/var/tmp", "/home", "/Users", "/root", "/usr", "/opt", "/var", "/etc"];

/** The project around a directory. */
export interface ProjectDirectory {
  /** The nearest directory with a project file. Missing if there is none. */
  readonly directory?: string;
  /** Whether the directory itself is a home directory, the root of a file system, or one of temporary files. */
  readonly isShared: boolean;
}

/**
 * Returns the project around a directory. It is never a home directory, the root of a file system or a directory of
 * temporary files, and the search goes no further up than these.
 */
export async function findProjectDirectory(from: string): Promise<ProjectDirectory> {
  if (!mayReadHome()) return { isShared: true };
  const shared = new Set<string>();
  for (const path of [...SHARED, homedir(), tmpdir()]) {
    shared.add(resolve(path));
    if (isReadable(path)) shared.add(await realpath(path).catch(() => path));
  }
  let level = resolve(from);
  for (let i = 0; i < MAX_LEVELS && isReadable(level); i++) {
    const above = dirname(level);
    if (above === level || shared.has(level) || shared.has(await realpath(level).catch(() => level)))
      return { isShared: i === 0 };
    for (const name of PROJECT_FILES) if (await isFile(join(level, name))) return { directory: level, isShared: false };
    level = above;
  }
  return { isShared: false };
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
