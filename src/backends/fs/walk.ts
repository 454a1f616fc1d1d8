import type { Stats } from "node:fs";

import { join } from "node:path";
import { isAbsent } from "./errors.ts";
import { lstat, readdir } from "./file-calls.ts";

/** The number of files of a directory that are examined together. */
const BATCH = 32;
/** How often the names of a directory are read again because a file vanished. */
const MOST_READS = 8;

/** What is known of a file when it is yielded. */
export type Examined = Pick<Stats, "isFile" | "size" | "mtimeMs">;

export interface WalkOptions<Found extends Examined = Stats> {
  /** The beginning of the paths: `""`, or segments that end in `/`. */
  readonly prefix: string;
  /** Yields only paths after this one. */
  readonly startAfter?: string | undefined;
  /** Return whether to enter a directory, and whether to yield a file. */
  readonly enters: (path: string) => boolean;
  readonly gives: (path: string, name: string) => boolean;
  /** Called with everything that is neither a file nor a directory, also links. They are not followed. */
  readonly other?: ((path: string) => void) | undefined;
  /** Throws if something vanishes during the walk. Otherwise it is left out. */
  readonly strict?: boolean | undefined;
  /** Returns the error to throw for an error at a path below the first directory. Default: the same error. */
  readonly fault?: ((error: unknown, path: string) => unknown) | undefined;
  /** Returns what is known of the file at a path, without following a link. Default: `lstat`. */
  readonly examine?: ((path: string) => Found | Promise<Found>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WalkedFile<Found extends Examined = Stats> {
  /** `/`-separated, `prefix` included. */
  readonly path: string;
  readonly absolute: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** What `examine` returned. */
  readonly found: Found;
}

interface Level<Found> {
  readonly absolute: string;
  readonly path: string;
  /** Names in the order of the paths under them. Those of directories end in `/`. */
  names: readonly string[];
  next: number;
  /** Everything up to this path was yielded or left out. */
  done: string | undefined;
  /** How often the names may be read again. */
  readsLeft: number;
  /** Files that are examined while a directory before them is read. */
  ahead?: Batch<Found> | undefined;
}

interface Batch<Found> {
  readonly names: readonly string[];
  readonly found: Promise<(Found | undefined)[]>;
}

/**
 * Yields the files under a directory in ascending code-unit order of their paths. Keeps in memory only the names in the
 * directories that contain the current file. Rejects if the first directory is missing.
 */
export async function* walk<Found extends Examined = Stats>(
  directory: string,
  options: WalkOptions<Found>,
): AsyncGenerator<WalkedFile<Found>> {
  const levels: Level<Found>[] = [begin(await readLevel(directory, options.prefix, options), options)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    options.signal?.throwIfAborted();
    const name = level.names[level.next];
    if (name === undefined) levels.pop();
    else if (name.endsWith("/")) {
      level.next++;
      level.ahead ??= lookAt(level, options);
      const { absolute, path } = level;
      const below = await vanishing(options, path + name.slice(0, -1), () =>
        readLevel(join(absolute, name.slice(0, -1)), path + name, options),
      );
      level.done = endOf(path + name);
      if (below !== undefined) levels.push(begin(below, options));
    } else yield* files(level, options);
  }
}

type Names = Pick<Level<unknown>, "absolute" | "path" | "names">;

function begin<Found extends Examined>(names: Names, { startAfter }: WalkOptions<Found>): Level<Found> {
  return { ...names, next: 0, done: startAfter, readsLeft: MOST_READS };
}

/** Yields the next files of a level, up to the next directory or a batch of them. */
async function* files<Found extends Examined>(
  level: Level<Found>,
  options: WalkOptions<Found>,
): AsyncGenerator<WalkedFile<Found>> {
  const { names, found } = level.ahead ?? (lookAt(level, options) as Batch<Found>);
  delete level.ahead;
  level.next += names.length;
  const all = await found;
  for (const [i, name] of names.entries()) {
    const stats = all[i];
    const path = level.path + name;
    // What replaced it before it was removed may be missing in the names: a listing has one of the two.
    if (stats === undefined && level.readsLeft-- > 0) return await readAgain(level, options);
    level.done = path;
    if (stats?.isFile() !== true) continue;
    const { size, mtimeMs } = stats;
    yield { path, absolute: join(level.absolute, name), size, mtimeMs, found: stats };
  }
}

/** Reads the names of a level again, as far as they are not done. */
async function readAgain<Found extends Examined>(level: Level<Found>, options: WalkOptions<Found>): Promise<void> {
  const { absolute, path, done } = level;
  const left = await vanishing(options, path.slice(0, -1), () =>
    readLevel(absolute, path, { ...options, startAfter: done }),
  );
  level.names = (left?.names ?? []).filter((name) => done === undefined || endOf(path + name) > done);
  level.next = 0;
}

/** Returns a text behind every path of a directory, which ends in `/`, or the path of a file itself. */
function endOf(path: string): string {
  return path.endsWith("/") ? `${path}\uffff` : path;
}

/** Begins to examine the next files. Returns `undefined` if a directory comes next. */
function lookAt<Found extends Examined>(
  { absolute, path, names: all, next }: Level<Found>,
  options: WalkOptions<Found>,
): Batch<Found> | undefined {
  const examine = options.examine ?? (lstat as unknown as (path: string) => Promise<Found>);
  const some = all.slice(next, next + BATCH);
  const end = some.findIndex((name) => name.endsWith("/"));
  const names = end < 0 ? some : some.slice(0, end);
  if (names.length === 0) return undefined;
  const found = Promise.all(
    names.map(async (name) => await vanishing(options, path + name, async () => await examine(join(absolute, name)))),
  );
  found.catch(() => {}); // An error is thrown when its file is reached.
  return { names, found };
}

async function readLevel<Found extends Examined>(
  absolute: string,
  path: string,
  options: WalkOptions<Found>,
): Promise<Names> {
  const names: string[] = [];
  for (const entry of await readdir(absolute, { withFileTypes: true })) {
    const { name } = entry;
    const full = path + name;
    if (entry.isDirectory()) {
      if (reaches(`${full}/`, options.startAfter) && options.enters(full)) names.push(`${name}/`);
    } else if (entry.isFile()) {
      if ((options.startAfter === undefined || full > options.startAfter) && options.gives(full, name))
        names.push(name);
    } else options.other?.(full);
  }
  // A directory sorts like the keys under it: `a-b` comes before `a/b`, and `a0` after it.
  return { absolute, path, names: names.toSorted(byCodeUnit) };
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Returns whether a path that begins with `directory` can sort after `startAfter`. */
function reaches(directory: string, startAfter: string | undefined): boolean {
  return startAfter === undefined || directory > startAfter || startAfter.startsWith(directory);
}

async function vanishing<T>(
  options: Pick<WalkOptions, "strict" | "fault">,
  path: string,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (options.strict !== true && isAbsent(error)) return undefined;
    throw options.fault?.(error, path) ?? error;
  }
}
