import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isReadable } from "../code/permissions.ts";

const MAX_LEVELS = 32;

/**
 * Returns the path of a file as seen from the working directory, with `/`, if both are in the same project: below the
 * working directory, or in the repository around it. Such a path also works on another machine. Other paths are returned
 * as they are.
 */
export function fromHere(path: string): string {
  try {
    const here = process.cwd();
    const from = relative(here, path);
    if (from === "" || isAbsolute(from)) return path;
    if (isAbove(from) && isAbove(relative(repositoryAround(here), path))) return path;
    return from.replaceAll(sep, "/");
  } catch {
    return path; // Not permitted, or the directory is gone.
  }
}

/** Returns an option of the runtime in which the path of a file of the project, such as a loader, is seen from here. */
export function optionFromHere(option: string): string {
  const [, name = "", value = ""] = /^(--[\w-]+=)?(.*)$/s.exec(option) ?? [];
  try {
    const path = value.startsWith("file:") ? fileURLToPath(value) : value;
    if (!isAbsolute(path)) return option;
    const from = fromHere(path);
    // Without a dot, Node would look for a package.
    return from === path ? option : `${name}${from.startsWith("..") ? "" : "./"}${from}`;
  } catch {
    return option; // Not the address of a file.
  }
}

function isAbove(from: string): boolean {
  return from === ".." || from.startsWith(`..${sep}`);
}

/** Returns the nearest directory with a repository, or the directory itself. */
function repositoryAround(directory: string): string {
  let level = directory;
  for (let i = 0; i < MAX_LEVELS && isReadable(level); i++) {
    if (existsSync(join(level, ".git"))) return level;
    level = dirname(level);
  }
  return directory;
}
