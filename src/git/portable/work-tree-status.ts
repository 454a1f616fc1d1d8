import { mapBounded } from "../../platform/bounded.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";
import type { CodeChange, CodeChangeStatus } from "../../journal/recorded-code.ts";
import type { GitFileStats } from "../git-file-system.ts";
import type { GitFiles } from "../git-files.ts";
import { PARALLEL_FILES } from "../limits.ts";
import { blobId } from "../object-id.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import type { ByteGate } from "./byte-gate.ts";
import type { LinkedFolders } from "./linked-folders.ts";
import type { IndexEntry, IndexFile } from "./index-file.ts";
import type { TreeFile } from "./object-reader.ts";

export const LINK = 0o120000;
export const SUBMODULE = 0o160000;
const FILE = 0o100644;
const PROGRAM = 0o100755;
const TYPE = 0o170000;

/** What decides how files are compared. */
export interface Comparison {
  readonly files: GitFiles;
  readonly root: string;
  readonly head: ReadonlyMap<string, TreeFile>;
  readonly index: IndexFile;
  /** When the index was written, in ms since the epoch. */
  readonly indexTime: number;
  readonly ignoresFileMode: boolean;
  readonly hasSymlinks: boolean;
  readonly links: LinkedFolders;
  readonly gate: ByteGate;
  readonly signal: AbortSignal;
}

export interface WorkTreeStatus {
  readonly changes: readonly CodeChange[];
  /** Tracked files whose content differs from the index, by path. Git may still take them for equal if it converts. */
  readonly differing: readonly string[];
}

/** Compares the working tree with the index, and the index with the commit. Submodules are left out. */
export async function compareWorkTree(comparison: Comparison): Promise<WorkTreeStatus> {
  const { head, index } = comparison;
  const entries = new Map<string, IndexEntry>();
  const unmerged = new Set<string>();
  for (const entry of index.entries) {
    if (entry.stage > 0) unmerged.add(entry.path);
    else entries.set(entry.path, entry);
  }
  const changes: CodeChange[] = [...unmerged].map((path) => ({ path, status: "unmerged" }));
  for (const path of head.keys())
    if (!entries.has(path) && !unmerged.has(path)) changes.push({ path, status: "deleted" });
  const differing: string[] = [];
  const tracked = [...entries.values()].filter(({ mode }) => mode !== SUBMODULE);
  const found = await mapBounded(tracked, PARALLEL_FILES, comparison.signal, (entry) =>
    compareEntry(comparison, entry),
  );
  for (const [i, { path }] of tracked.entries()) {
    const { status, contentDiffers } = found[i] as Found;
    if (status) changes.push({ path, status });
    if (contentDiffers) differing.push(path);
  }
  return { changes, differing };
}

interface Found {
  readonly status?: CodeChangeStatus;
  readonly contentDiffers: boolean;
}

async function compareEntry(comparison: Comparison, entry: IndexEntry): Promise<Found> {
  const { files, root, head, ignoresFileMode, hasSymlinks } = comparison;
  const before = head.get(entry.path);
  const isStaged = before?.id !== entry.id || before.mode !== entry.mode;
  // Git does not look at such files either.
  if (entry.isAssumedUnchanged || entry.isSkipWorktree)
    return { ...(isStaged && { status: before ? "modified" : "added" }), contentDiffers: false };
  const isBehindLink = await comparison.links.isBehindLink(entry.path);
  const stats = isBehindLink ? undefined : await files.lstat(`${root}/${entry.path}`);
  if (stats === undefined || stats.isDirectory())
    return { status: before ? "deleted" : "added", contentDiffers: false };
  const mode = modeOf(stats, entry.mode, ignoresFileMode, hasSymlinks);
  const isSameType = (mode & TYPE) === (entry.mode & TYPE);
  const contentDiffers =
    isSameType &&
    !isUntouched(comparison, entry, stats) &&
    (await comparison.gate.run(stats.size, () => idOf(comparison, `${root}/${entry.path}`, mode))) !== entry.id;
  if (!before) return { status: "added", contentDiffers };
  if ((before.mode & TYPE) !== (mode & TYPE)) return { status: "type-changed", contentDiffers };
  const isChanged = isStaged || contentDiffers || mode !== entry.mode;
  return { ...(isChanged && { status: "modified" }), contentDiffers };
}

/** Returns the mode that git would store. */
export function modeOf(stats: GitFileStats, known: number, ignoresFileMode: boolean, hasSymlinks: boolean): number {
  if (stats.isSymbolicLink()) return LINK;
  if (!hasSymlinks && known === LINK) return LINK;
  if (ignoresFileMode) return known === PROGRAM ? PROGRAM : FILE;
  return stats.mode & 0o100 ? PROGRAM : FILE;
}

/** The least ms between a file's time and that of the index, so that no change hides in a coarse clock. */
const SAFE_MS = 2000;
/** Times in ms have no room for single nanoseconds. */
const CLOSE_MS = 0.01;

/** Returns whether the file's size and times are those that the index has, and safely older than the index. */
function isUntouched({ indexTime }: Comparison, entry: IndexEntry, stats: GitFileStats): boolean {
  const { mtimeMs, ctimeMs, size } = stats;
  if (mtimeMs === undefined || ctimeMs === undefined || entry.isIntentToAdd) return false;
  const isSame = Math.abs(mtimeMs - entry.mtime) < CLOSE_MS && Math.abs(ctimeMs - entry.ctime) < CLOSE_MS;
  return isSame && size === entry.size && mtimeMs + SAFE_MS < indexTime && ctimeMs + SAFE_MS < indexTime;
}

async function idOf({ files, signal }: Comparison, path: string, mode: number): Promise<string | undefined> {
  signal.throwIfAborted();
  await breakIfDue();
  const bytes = await readSide(files, path, mode);
  return bytes && (await blobId(bytes, "sha1"));
}

/** Returns the content that git would store for a path of the working tree. */
export async function readSide(files: GitFiles, path: string, mode: number): Promise<Uint8Array | undefined> {
  const stats = await files.lstat(path);
  if (!stats?.isSymbolicLink()) return stats && (await files.read(path, { stats }));
  if (mode !== LINK) return undefined;
  const target = await files.readlink(path);
  return target === undefined ? undefined : utf8Encoder().encode(target);
}
