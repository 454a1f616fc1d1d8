import { utf8Decoder, utf8Encoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { mapBounded } from "../../platform/bounded.ts";
import { scrub } from "../../provenance/redaction/scrub.ts";
import type { CodeChange, Remote, UntrackedFile } from "../../journal/recorded-code.ts";
import type { GitEngine, GitFacts, GitRequest, HeadFacts } from "../git-facts.ts";
import { MAX_COMPARED_FILE, MAX_UNTRACKED, PARALLEL_FILES } from "../limits.ts";
import { LedgerDirectories } from "../ledger-directories.ts";
import { pathName } from "../path-name.ts";
import { PatchFiles, splitPatch } from "../patch/patch-files.ts";
import { pathOfPatch } from "../../provenance/patch/patch-sections.ts";
import { filterNames, filteredPaths, readConfig } from "./filters.ts";
import { GitProgram } from "./git-program.ts";
import { type Status, parseStatus } from "./parse-status.ts";
import { STATUS } from "./status-arguments.ts";
import { readSubmodules } from "./submodules.ts";

/** The working tree, the format of objects, whether the directory is inside, and the repository. */
const PLACE: readonly string[] = "--show-toplevel --show-object-format --is-inside-work-tree --absolute-git-dir".split(
  " ",
);

const DIFF: readonly string[] = [
  ..."--binary --full-index --no-ext-diff --no-textconv --no-color --no-renames --no-relative".split(" "),
  ..."--src-prefix=a/ --dst-prefix=b/ -U3 --inter-hunk-context=0 --submodule=short".split(" "),
  "--ignore-submodules=dirty",
];

/** The most characters of paths that a patch leaves out. */
const MAX_EXCLUDED = 20_000;

/** Reads a repository with the git program, which knows all its forms. */
export const readWithProgram: GitEngine = async (request) => {
  const plain = GitProgram.in(request.directory, request.signal);
  const top = await plain.run(["rev-parse", ...PLACE]);
  if (top.status !== 0) {
    if (/not a git repository|must be run in a work tree/.test(top.stderr)) return undefined;
    throw refusal(top.stderr);
  }
  const [root, objectFormat, isInside, gitDirectory] =
    /^([^]*)\n(\w+)\n(true|false)\n([^]*)\n$/.exec(pathName(top.stdout))?.slice(1) ?? [];
  if (root === undefined || gitDirectory === undefined) throw refusal("git did not say where the working tree is");
  // The settings of a repository may name any other directory as its working tree.
  if (isInside !== "true") throw refusal("the directory is outside of the working tree");
  const incomplete: string[] = [];
  const own = plain.inRepository(gitDirectory, root);
  const [version, settings] = await Promise.all([
    plain.run(["version"]),
    readConfig(own, String.raw`^(filter\..*|remote\..*\.url)$`),
  ]);
  const filters = filterNames(settings);
  const git = own.withoutFilters(filters);
  const [output, head, submodules] = await Promise.all([
    git.run([...STATUS, "--untracked-files=all"]),
    readHead(git),
    readSubmodules(git, root, request),
  ]);
  const parsed = output.status === 0 && !output.isCut ? parseStatus(output.stdout) : undefined;
  // Git does not check its index, and takes other bytes for names.
  const isDamaged = parsed?.changes.some(({ path }) => path === "") ?? false;
  const isRead = parsed !== undefined && !isDamaged;
  if (isDamaged) incomplete.push("dirty: the index is damaged");
  else if (!isRead) incomplete.push(`dirty: git status failed: ${firstLine(output.stderr) || "it printed too much"}`);
  const named = { ...(parsed?.commit && { commit: parsed.commit }), ...(parsed?.branch && { branch: parsed.branch }) };
  const status: Status = isRead ? parsed : { ...named, changes: [], untracked: [] };
  const filtered = await filteredPaths(git, filters, status.changes);
  if (filtered.size > 0)
    incomplete.push(`dirty: ${filtered.size} files with a filter may have changed; filters were not run`);
  const changes = status.changes.filter(({ path }) => !filtered.has(path));
  const [patch, untracked] = await Promise.all([
    readPatch(git, request, root, changes, [...filtered], status.commit !== undefined, incomplete),
    statUntracked(request, root, status.untracked, incomplete),
  ]);
  const inner = submodules.filter(({ dirty }) => dirty !== false).length;
  if (request.wantsPatch && inner > 0) incomplete.push(`patch: changes inside of submodules are left out (${inner})`);
  const isDirty = changes.length > 0 || submodules.some(({ dirty }) => dirty === true);
  const isUnknown = !isRead || filtered.size > 0 || submodules.some(({ dirty }) => dirty === "unknown");
  return {
    engine: "git",
    ...engineVersion(version.stdout),
    root,
    objectFormat: objectFormat === "sha256" ? "sha256" : "sha1",
    ...head,
    ...(status.commit !== undefined && { commit: status.commit }),
    ...(status.branch !== undefined && { branch: status.branch }),
    remotes: remotesOf(settings),
    dirty: isDirty || (isUnknown ? "unknown" : false),
    changes,
    untracked,
    submodules,
    ...(patch !== undefined && { patch }),
    incomplete,
  } satisfies GitFacts;
};

function engineVersion(output: Uint8Array): { readonly engineVersion?: string } {
  const version = /\d[\w.-]*/.exec(pathName(output))?.[0];
  return version === undefined ? {} : { engineVersion: version };
}

/** Returns what git says about the commit. The status has its id and the branch. */
async function readHead(git: GitProgram): Promise<HeadFacts> {
  const [commit, tags] = await Promise.all([
    git.run(["cat-file", "commit", "HEAD"]),
    git.run(["for-each-ref", "--points-at=HEAD", "--count=1", "--format=%(refname:strip=2)", "refs/tags"]),
  ]);
  const header = utf8Decoder().decode(commit.stdout).split("\n\n", 1)[0] ?? "";
  const [authoredAt, committedAt] = ["author", "committer"].map((who) => {
    const seconds = new RegExp(`^${who} .*> (-?\\d{1,12})(?: |$)`, "m").exec(header)?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  });
  const tag = tags.status === 0 ? pathName(tags.stdout).trimEnd() : "";
  return {
    ...(authoredAt !== undefined && { authoredAt }),
    ...(committedAt !== undefined && { committedAt }),
    ...(tag !== "" && { tag }),
  };
}

/** Returns the remotes, each with its first address. */
function remotesOf(settings: readonly (readonly [key: string, value: string])[]): Remote[] {
  const remotes = new Map<string, string>();
  for (const [key, url] of settings) {
    const name = /^remote\.([^]+)\.url$/.exec(key)?.[1];
    if (name !== undefined && !remotes.has(name)) remotes.set(name, url);
  }
  return [...remotes].map(([name, url]) => ({ name, url }));
}

async function readPatch(
  git: GitProgram,
  request: GitRequest,
  root: string,
  changes: readonly CodeChange[],
  leftOut: readonly string[],
  hasCommit: boolean,
  incomplete: string[],
): Promise<Uint8Array | undefined> {
  if (!request.wantsPatch || changes.length === 0) return undefined;
  const large = await largeFiles(request, root, changes);
  for (const path of large) incomplete.push(`patch: ${path} is too large to be compared`);
  let base = "HEAD";
  if (!hasCommit) base = firstLine(pathName((await git.run(["hash-object", "-t", "tree", "--stdin"])).stdout));
  const excluded = [...leftOut, ...large].map((path) => `:(exclude,top,literal)${path}`);
  // A command line has a limit.
  if (excluded.reduce((sum, { length }) => sum + length, 0) > MAX_EXCLUDED) {
    incomplete.push(`patch: ${excluded.length} files would have to be left out, so there is none`);
    return undefined;
  }
  const output = await git.run(["diff", ...DIFF, base, "--", ":/", ...excluded]);
  if (output.status !== 0) {
    incomplete.push(`patch: git diff failed: ${firstLine(output.stderr)}`);
    return undefined;
  }
  const parts = splitPatch(output.stdout);
  if (output.isCut) parts.pop();
  const patch = new PatchFiles(request.maxPatchBytes);
  const unread = new Set(output.isCut ? changes.map(({ path }) => path) : []);
  for (const path of large) unread.delete(path);
  for (const part of parts) {
    const path = pathOfPatch(part);
    unread.delete(path);
    patch.add(path, part);
  }
  for (const path of unread) patch.leaveOut(path);
  return patch.end(incomplete);
}

async function largeFiles(request: GitRequest, root: string, changes: readonly CodeChange[]): Promise<string[]> {
  const sizes = await mapBounded(changes, PARALLEL_FILES, request.signal, async ({ path }) => {
    const stats = await request.files.lstat(`${root}/${path}`).catch(() => undefined);
    return stats?.isFile() ? stats.size : 0;
  });
  return changes.filter((_, i) => (sizes[i] as number) > MAX_COMPARED_FILE).map(({ path }) => path);
}

async function statUntracked(
  request: GitRequest,
  root: string,
  found: readonly Uint8Array[],
  incomplete: string[],
): Promise<UntrackedFile[]> {
  const ledgers = new LedgerDirectories(request.files, root);
  const paths: Uint8Array[] = [];
  for (const path of found) {
    request.signal.throwIfAborted();
    if (!(await ledgers.contain(pathName(path)))) paths.push(path);
  }
  for (const remark of ledgers.remarks()) incomplete.push(remark);
  if (paths.length > MAX_UNTRACKED) incomplete.push(`untracked: ${paths.length - MAX_UNTRACKED} more files`);
  const start = utf8Encoder().encode(`${root}/`);
  return await mapBounded(paths.slice(0, MAX_UNTRACKED), PARALLEL_FILES, request.signal, async (bytes) => {
    const full = new Uint8Array(start.length + bytes.length);
    full.set(start);
    full.set(bytes, start.length);
    const path = pathName(bytes);
    const stats = await request.files.lstat(full).catch(() => undefined);
    return { path, size: stats?.isDirectory() ? 0 : (stats?.size ?? 0) };
  });
}

export function firstLine(text: string): string {
  return scrub(text.split("\n", 1)[0]?.trim().slice(0, 300) ?? "");
}

function refusal(errorText: string): LedgerError {
  return new LedgerError("IO", `git refused the repository: ${firstLine(errorText)}`, { operation: "captureGit" });
}
