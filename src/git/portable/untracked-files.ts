import type { UntrackedFile } from "../../journal/recorded-code.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import type { GitFileStats } from "../git-file-system.ts";
import type { GitFiles } from "../git-files.ts";
import { LedgerDirectories } from "../ledger-directories.ts";
import { MAX_UNTRACKED } from "../limits.ts";
import { readIgnoreFile } from "./ignore-file.ts";
import { type IgnoreRules, costOf, isIgnored, MAX_IGNORE_COST } from "./ignore-rules.ts";

const MAX_VISITED = 200_000;

interface Walk {
  readonly files: GitFiles;
  readonly root: string;
  readonly tracked: ReadonlySet<string>;
  readonly submodules: ReadonlySet<string>;
  /** Directories with tracked files. */
  readonly folders: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly ledgers: LedgerDirectories;
  readonly found: UntrackedFile[];
  visited: number;
  more: number;
  odd: number;
  /** Directories whose rules are not known. */
  unruled: number;
}

/** Returns the files that are neither tracked nor ignored. `base` has the rules for all directories. */
export async function findUntracked(
  files: GitFiles,
  root: string,
  tracked: ReadonlySet<string>,
  submodules: ReadonlySet<string>,
  base: readonly IgnoreRules[],
  signal: AbortSignal,
  incomplete: string[],
): Promise<UntrackedFile[]> {
  const folders = new Set<string>();
  for (const path of tracked) {
    // From the inside out. The folders around a known folder are known too.
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  const walk: Walk = {
    files,
    root,
    tracked,
    submodules,
    folders,
    signal,
    ledgers: new LedgerDirectories(files, root),
    found: [],
    visited: 0,
    more: 0,
    odd: 0,
    unruled: 0,
  };
  await visit(walk, "", base);
  for (const remark of walk.ledgers.remarks()) incomplete.push(remark);
  if (walk.more > 0) incomplete.push(`untracked: ${walk.more} more files`);
  if (walk.visited > MAX_VISITED) incomplete.push(`untracked: more than ${MAX_VISITED} files were not looked at`);
  if (walk.odd > 0) incomplete.push(`untracked: ${walk.odd} names that are not UTF-8`);
  if (walk.unruled > 0) {
    const directories = walk.unruled === 1 ? "1 directory" : `${walk.unruled} directories`;
    incomplete.push(`untracked: ${directories} not looked at, with ignore files that cannot be read or are too large`);
  }
  return walk.found;
}

async function visit(walk: Walk, prefix: string, outer: readonly IgnoreRules[]): Promise<void> {
  const { files, root, folders } = walk;
  const names = (await files.list(`${root}/${prefix}`.replace(/\/$/, ""))) ?? [];
  if (prefix !== "" && names.includes("ledger.json") && (await walk.ledgers.has(prefix))) return;
  const own = names.includes(".gitignore")
    ? await readIgnoreFile(files, `${root}/${prefix}.gitignore`, prefix)
    : undefined;
  const levels = own ? [...outer, own] : outer;
  if (costOf(levels) > MAX_IGNORE_COST) {
    walk.unruled++;
    return;
  }
  for (const name of names) {
    if (name === ".git") continue;
    // Hostile rules take milliseconds for each path.
    await breakIfDue();
    walk.signal.throwIfAborted();
    if (++walk.visited > MAX_VISITED) return;
    const path = prefix + name;
    // Node shows what is not UTF-8 this way.
    if (name.includes("\uFFFD")) {
      walk.odd++;
      continue;
    }
    const stats = await files.lstat(`${root}/${path}`);
    if (stats === undefined || isTracked(walk, path, stats)) continue;
    if (!(stats.isDirectory() || stats.isFile() || stats.isSymbolicLink())) continue;
    if (isIgnored(levels, path, stats.isDirectory())) continue;
    if (!stats.isDirectory()) add(walk, { path, size: stats.size });
    else if (!folders.has(path) && (await files.lstat(`${root}/${path}/.git`)) !== undefined)
      add(walk, { path: `${path}/`, size: 0 });
    else await visit(walk, `${path}/`, levels);
  }
}

/** Returns whether git tracks a file or a submodule here. A folder in the place of a tracked file is not tracked. */
function isTracked({ tracked, submodules }: Walk, path: string, stats: GitFileStats): boolean {
  return submodules.has(path) || (tracked.has(path) && !stats.isDirectory());
}

function add(walk: Walk, file: UntrackedFile): void {
  if (walk.found.length < MAX_UNTRACKED) walk.found.push(file);
  else walk.more++;
}
