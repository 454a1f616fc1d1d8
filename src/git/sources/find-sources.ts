import { joinPath } from "../portable/git-directory.ts";
import { readIgnoreFile } from "../portable/ignore-file.ts";
import { type IgnoreRules, costOf, isIgnored, MAX_IGNORE_COST } from "../portable/ignore-rules.ts";
import type { GitFileStats } from "../git-file-system.ts";
import type { GitFiles } from "../git-files.ts";
import { mapBounded } from "../../platform/bounded.ts";
import { scrubTokens } from "../../provenance/redaction/token-shapes.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import { PARALLEL_FILES } from "../limits.ts";
import { isSecretFile } from "../patch/withhold-secrets.ts";
import { JUDGED_BY_CONTENT, SECRET_DIRECTORIES } from "./default-rules.ts";
import type { LeftOut } from "./left-out.ts";

/** A directory with more entries is data, and is left out as a whole. */
const MAX_IN_DIRECTORY = 10_000;
/** The most entries of all directories that are looked at. */
export const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 64;
/** The most bytes of a path. */
const MAX_PATH = 1024;

export interface SourceFile {
  /** From the directory, with `/`. */
  readonly path: string;
  readonly size: number;
  readonly stats: GitFileStats;
}

export interface Search {
  readonly files: GitFiles;
  readonly directory: string;
  /** The rules for all directories, but for those of `.runledgerignore`, which come last. */
  readonly rules: readonly IgnoreRules[];
  readonly own: readonly IgnoreRules[];
  /** What the paths of the rules have before those of the files: the directory within its repository, or nothing. */
  readonly prefix: string;
  readonly leftOut: LeftOut;
  /** Whether the time is up. */
  readonly isOver: () => boolean;
}

/** What was found. `stopped` says why not everything was looked at. */
export interface FoundSources {
  readonly sources: readonly SourceFile[];
  readonly stopped?: "entries" | "time" | undefined;
}

interface Folder {
  /** Empty, or ends with `/`. */
  readonly path: string;
  readonly rules: readonly IgnoreRules[];
  readonly depth: number;
}

/** Returns the files below a directory that no rule ignores. Follows no links. Looks at shallow directories first. */
export async function findSources(search: Search): Promise<FoundSources> {
  const { files, directory, leftOut, own, prefix } = search;
  const sources: SourceFile[] = [];
  const folders: Folder[] = [{ path: "", rules: search.rules, depth: 0 }];
  let looked = 0;
  for (const folder of folders) {
    if (search.isOver()) return { sources, stopped: "time" };
    const names = await namesIn(search, folder);
    if (!names) continue;
    if (folder.path !== "" && names.includes("ledger.json") && names.includes("experiments")) {
      leftOut.add("ledger", folder.path);
      continue;
    }
    const ignoring = names.includes(".gitignore")
      ? await readIgnoreFile(files, `${joinPath(directory, folder.path)}.gitignore`, prefix + folder.path)
      : undefined;
    const rules = ignoring ? [...folder.rules, ignoring] : folder.rules;
    if (costOf(rules) + costOf(own) > MAX_IGNORE_COST) {
      leftOut.add("rules", folder.path === "" ? "." : folder.path);
      continue;
    }
    for (let from = 0; from < names.length; from += PARALLEL_FILES) {
      const some = names.slice(from, from + PARALLEL_FILES);
      if ((looked += some.length) > MAX_ENTRIES) return { sources, stopped: "entries" };
      const found = await mapBounded(some, PARALLEL_FILES, undefined, async (name) => ({
        path: folder.path + name,
        stats: await files.lstat(joinPath(directory, folder.path + name)).catch(() => undefined),
      }));
      for (const { path, stats } of found) {
        // Hostile rules take milliseconds for each path.
        await breakIfDue();
        if (search.isOver()) return { sources, stopped: "time" };
        if (path.length > MAX_PATH) leftOut.add("name", path);
        else if (!stats) leftOut.add(isOddName(path) ? "name" : "unreadable", path);
        // A link with the name of an ignored directory, such as node_modules, leads to what is not looked into either.
        else if (isIgnored([...rules, ...own], prefix + path, stats.isDirectory() || stats.isSymbolicLink())) continue;
        else if (stats.isDirectory()) {
          if (isSecretDirectory(path)) leftOut.add("secret", `${path}/`);
          else if (folder.depth < MAX_DEPTH) folders.push({ path: `${path}/`, rules, depth: folder.depth + 1 });
          else leftOut.add("folder", `${path}/`);
        } else addFile(search, path, stats, sources);
      }
    }
  }
  return { sources };
}

/** Returns the names in a directory that can be names in an archive, sorted, without `.git`. */
async function namesIn({ files, directory, leftOut }: Search, { path }: Folder): Promise<string[] | undefined> {
  let names: string[];
  try {
    names = (
      (await files.calls.readdir(path === "" ? directory : joinPath(directory, path.slice(0, -1)))) as unknown[]
    ).map(String);
  } catch {
    leftOut.add("unreadable", path === "" ? "." : path);
    return undefined;
  }
  if (names.length > MAX_IN_DIRECTORY) {
    leftOut.add("folder", `${path === "" ? "." : path} (${names.length} entries)`);
    return undefined;
  }
  return names.filter((name) => name !== ".git").sort();
}

function addFile({ leftOut }: Search, path: string, stats: GitFileStats, sources: SourceFile[]): void {
  if (stats.isSymbolicLink()) leftOut.add("link", path);
  else if (!stats.isFile()) leftOut.add("special", path);
  else if (isOddName(path)) leftOut.add("name", JSON.stringify(path));
  else if ((isSecretFile(path) && !JUDGED_BY_CONTENT.test(path)) || scrubTokens(path) !== path)
    leftOut.add("secret", path);
  else sources.push({ path, size: stats.size, stats });
}

/** Returns whether a path cannot be in an archive: it is not UTF-8, which Node shows by U+FFFD, or has control characters. */
function isOddName(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001f\u007f\\\ufffd]/.test(path) || /\p{Surrogate}/u.test(path) || path.length > MAX_PATH;
}

function isSecretDirectory(path: string): boolean {
  return SECRET_DIRECTORIES.has(path.slice(path.lastIndexOf("/") + 1));
}
