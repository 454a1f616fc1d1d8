import { messageOf } from "../../platform/any-realm.ts";
import { scrub } from "../../provenance/redaction/scrub.ts";
import type { CodeChange, Remote, Submodule, UntrackedFile } from "../../journal/recorded-code.ts";
import type { GitEngine, GitFacts, GitRequest, HeadFacts } from "../git-facts.ts";
import { readConversion } from "./attributes.ts";
import { ByteGate } from "./byte-gate.ts";
import { certainChanges } from "./certain-changes.ts";
import { changesPatch } from "./changes-patch.ts";
import type { GitSetting } from "./git-config.ts";
import { type GitDirectory, findGitDirectory } from "./git-directory.ts";
import { readIgnoreFile } from "./ignore-file.ts";
import type { IgnoreRules } from "./ignore-rules.ts";
import { type IndexFile, parseIndex } from "./index-file.ts";
import { LinkedFolders } from "./linked-folders.ts";
import { ObjectReader, type TreeFile } from "./object-reader.ts";
import { type Head, type PackedRefs, readHead, readPackedRefs, readTagOf } from "./read-refs.ts";
import { type RepositoryForm, readRepositoryForm } from "./repository-form.ts";
import { readSubmodules } from "./submodules.ts";
import { findUntracked } from "./untracked-files.ts";
import { type Comparison, SUBMODULE, compareWorkTree } from "./work-tree-status.ts";

/** Reads a repository with isomorphic-git, on any file system. What it cannot be sure of it leaves unknown. */
export const readWithIsomorphicGit: GitEngine = async (request) => {
  const git = await findGitDirectory(request.files, request.directory);
  return git && (await readAsFarAsPossible(request, git, true));
};

/** Reads what small files of a repository say: commit, branch and remotes. */
export const readWithoutObjects: GitEngine = async (request) => {
  const git = await findGitDirectory(request.files, request.directory);
  return git && (await readAsFarAsPossible(request, git, false));
};

interface Found {
  readonly dirty: boolean | "unknown";
  readonly changes: readonly CodeChange[];
  readonly untracked: readonly UntrackedFile[];
  readonly submodules: readonly Submodule[];
  readonly patch?: Uint8Array;
}

const NOTHING: Found = { dirty: "unknown", changes: [], untracked: [], submodules: [] };

async function readAsFarAsPossible(request: GitRequest, git: GitDirectory, readsObjects: boolean): Promise<GitFacts> {
  try {
    return await readRepository(request, git, readsObjects);
  } catch (error) {
    request.signal.throwIfAborted();
    const incomplete = [`commit: ${said(error)}`];
    return { engine: "isomorphic-git", root: git.root, objectFormat: "sha1", remotes: [], ...NOTHING, incomplete };
  }
}

async function readRepository(request: GitRequest, git: GitDirectory, readsObjects: boolean): Promise<GitFacts> {
  const incomplete: string[] = [];
  const form = await readRepositoryForm(request, git);
  const packed = await readPackedRefs(request.files, git);
  const head = form.hasReftable ? undefined : await readHead(request.files, git, packed);
  if (head === undefined) incomplete.push("commit: HEAD cannot be read");
  const objects = readsObjects ? await openObjects(request, git, incomplete) : undefined;
  for (const limit of readsObjects ? form.limits : []) incomplete.push(`dirty: ${limit}`);
  const canRead = head !== undefined && form.limits.length === 0;
  const isShared = form.limits.every((limit) => limit === "sparse checkout");
  const about =
    objects && head && isShared
      ? await readAboutHead(request, git, packed, head, objects, incomplete)
      : { tree: undefined, facts: {} };
  const found =
    objects && canRead && (head.commit === undefined || about.tree !== undefined)
      ? await readWorkTree(request, git, form, objects, about.tree, incomplete)
      : NOTHING;
  return {
    engine: "isomorphic-git",
    ...(objects && { engineVersion: objects.version }),
    root: git.root,
    objectFormat: form.objectFormat,
    ...head,
    ...about.facts,
    remotes: remotesOf(form.own),
    ...found,
    incomplete,
  };
}

/** Returns what reads objects. Small files say the commit also where isomorphic-git cannot be loaded. */
async function openObjects(
  { files, signal }: GitRequest,
  git: GitDirectory,
  incomplete: string[],
): Promise<ObjectReader | undefined> {
  try {
    return await ObjectReader.open(files, git);
  } catch (error) {
    signal.throwIfAborted();
    incomplete.push(`dirty: isomorphic-git cannot be loaded: ${said(error)}`);
    return undefined;
  }
}

interface AboutHead {
  readonly tree: string | undefined;
  readonly facts: HeadFacts;
}

async function readAboutHead(
  request: GitRequest,
  git: GitDirectory,
  packed: PackedRefs,
  { commit }: Head,
  objects: ObjectReader,
  incomplete: string[],
): Promise<AboutHead> {
  if (commit === undefined) return { tree: undefined, facts: {} };
  try {
    const { tree, authoredAt, committedAt } = await objects.commit(commit);
    const peel = (id: string): Promise<string | undefined> => objects.peel(id);
    const tag = await readTagOf(request.files, git, packed, commit, peel, incomplete);
    return { tree, facts: { authoredAt, committedAt, ...(tag !== undefined && { tag }) } };
  } catch (error) {
    request.signal.throwIfAborted();
    incomplete.push(`dirty: the commit cannot be read: ${said(error)}`);
    return { tree: undefined, facts: {} };
  }
}

async function readWorkTree(
  request: GitRequest,
  git: GitDirectory,
  form: RepositoryForm,
  objects: ObjectReader,
  tree: string | undefined,
  incomplete: string[],
): Promise<Found> {
  const { files, signal } = request;
  try {
    const index = await readIndex(request, git);
    for (const [extension, limit] of UNREADABLE) {
      if (!index.extensions.has(extension)) continue;
      incomplete.push(`dirty: ${limit}`);
      return NOTHING;
    }
    if (index.entries.some(({ isSkipWorktree }) => isSkipWorktree)) {
      incomplete.push("dirty: sparse checkout");
      return NOTHING;
    }
    const head = tree === undefined ? new Map<string, TreeFile>() : await objects.files(tree, signal);
    const stats = await files.lstat(`${git.directory}/index`);
    const { ignoresFileMode, hasSymlinks } = form;
    const comparison: Comparison = {
      files,
      root: git.root,
      index,
      indexTime: stats?.mtimeMs ?? 0,
      ignoresFileMode,
      hasSymlinks,
      links: new LinkedFolders(files, git.root),
      gate: new ByteGate(),
      signal,
      head: new Map([...head].filter(([, { mode }]) => mode !== SUBMODULE)),
    };
    const tracked = new Set(index.entries.map(({ path }) => path));
    const odd = [...tracked].filter((path) => path.startsWith('"')).length;
    if (odd > 0) {
      incomplete.push(`dirty: ${odd} names that are not UTF-8`);
      return NOTHING;
    }
    const conversion = await readConversion(files, git, form, tracked);
    const status = await certainChanges(comparison, await compareWorkTree(comparison), conversion, objects);
    if (status.uncertain > 0)
      incomplete.push(`dirty: git may convert ${status.uncertain} files that differ, by their attributes`);
    const inner = await readSubmodules(request, git.root, index, head);
    for (const { path, dirty } of inner.submodules)
      if (dirty === "unknown") incomplete.push(`dirty: submodule ${path}`);
    const changes = [...status.changes, ...inner.changes];
    const gitlinks = new Set(inner.submodules.map(({ path }) => path));
    const base = await baseRules(request, git, form);
    const untracked = await findUntracked(files, git.root, tracked, gitlinks, base, signal, incomplete);
    const patch = request.wantsPatch
      ? await changesPatch(request, comparison, changes, objects, inner, incomplete)
      : undefined;
    const isUnknown = status.uncertain > 0 || inner.submodules.some(({ dirty }) => dirty === "unknown");
    const dirty = changes.length > 0 || (isUnknown ? "unknown" : false);
    const { submodules } = inner;
    return { dirty, changes, untracked, submodules, ...(patch !== undefined && { patch }) };
  } catch (error) {
    signal.throwIfAborted();
    incomplete.push(`dirty: ${said(error)}`);
    return NOTHING;
  }
}

/** Extensions of the index that move entries elsewhere. */
const UNREADABLE = [
  ["link", "split index"],
  ["sdir", "sparse index"],
] as const;

async function readIndex({ files }: GitRequest, git: GitDirectory): Promise<IndexFile> {
  const bytes = await files.read(`${git.directory}/index`);
  return bytes ? parseIndex(bytes) : { version: 2, entries: [], extensions: new Set() };
}

async function baseRules({ files }: GitRequest, git: GitDirectory, form: RepositoryForm): Promise<IgnoreRules[]> {
  const paths = [...(form.excludesFile === undefined ? [] : [form.excludesFile]), `${git.common}/info/exclude`];
  const rules = await Promise.all(paths.map((path) => readIgnoreFile(files, path, "", true)));
  return rules.filter((rule) => rule !== undefined);
}

function remotesOf(settings: readonly GitSetting[]): Remote[] {
  const remotes = new Map<string, string>();
  for (const [key, url] of settings) {
    const name = /^remote\.([^]+)\.url$/.exec(key)?.[1];
    if (name !== undefined && !remotes.has(name)) remotes.set(name, url);
  }
  return [...remotes].map(([name, url]) => ({ name, url }));
}

/** Returns what an error says. Errors of files have paths in their messages, so only their code counts. */
function said(error: unknown): string {
  const { syscall, code } = (error ?? {}) as { readonly syscall?: unknown; readonly code?: unknown };
  if (syscall !== undefined && typeof code === "string") return `a file cannot be read: ${code}`;
  return scrub(messageOf(error, "a file cannot be read").split("\n", 1)[0]?.slice(0, 300) ?? "");
}
