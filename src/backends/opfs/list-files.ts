import type { Entry, ListOptions } from "../../backend/backend.ts";
import { isAbsent } from "./errors.ts";
import { inDirectory } from "./file-system.ts";

/** The number of files whose sizes are asked for together. */
const BATCH = 64;

/**
 * Yields the files under a prefix in ascending code-unit order of their keys. Keeps in memory only the names in the
 * folders that contain the current file. Leaves out names that begin with a dot, which no object has.
 */
export async function* listFiles(
  root: readonly string[],
  prefix: string,
  { startAfter = "" }: ListOptions,
): AsyncGenerator<Entry> {
  const path = prefix === "" ? "" : `${prefix}/`;
  const levels: Level[] = [];
  try {
    const top = prefix === "" ? root : [...root, ...prefix.split("/")];
    levels.push(await inDirectory(top, false, (folder) => readLevel(folder, path, startAfter)));
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const next = level.names[level.next];
    if (next === undefined) levels.pop();
    else if (next.handle.kind === "directory") {
      level.next++;
      const below = readLevel(next.handle as FileSystemDirectoryHandle, next.key, startAfter);
      levels.push(await below.catch(emptyIfAbsent));
    } else yield* files(level);
  }
}

interface Named {
  /** The key of a file, or that of a folder with a slash at the end. */
  readonly key: string;
  readonly handle: FileSystemHandle;
}

interface Level {
  /** In the order of the keys. A folder sorts like the keys under it: `a-b` comes before `a/b`, and `a0` after it. */
  readonly names: readonly Named[];
  next: number;
}

async function readLevel(folder: FileSystemDirectoryHandle, path: string, startAfter: string): Promise<Level> {
  const names: Named[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (name.startsWith(".")) continue;
    const key = handle.kind === "directory" ? `${path}${name}/` : path + name;
    if (key > startAfter || (handle.kind === "directory" && startAfter.startsWith(key))) names.push({ key, handle });
  }
  return { names: names.toSorted((a, b) => (a.key < b.key ? -1 : 1)), next: 0 };
}

/** Returns a level without names for a folder that vanished. */
function emptyIfAbsent(error: unknown): Level {
  if (isAbsent(error)) return { names: [], next: 0 };
  throw error;
}

/** Yields the next files of a level, up to the next folder or a batch of them. */
async function* files(level: Level): AsyncGenerator<Entry> {
  const some = level.names.slice(level.next, level.next + BATCH);
  const end = some.findIndex(({ handle }) => handle.kind === "directory");
  const batch = end < 0 ? some : some.slice(0, end);
  level.next += batch.length;
  for (const entry of await Promise.all(batch.map(sizeOf))) if (entry) yield entry;
}

async function sizeOf({ key, handle }: Named): Promise<Entry | undefined> {
  try {
    return { key, size: (await (handle as FileSystemFileHandle).getFile()).size };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
