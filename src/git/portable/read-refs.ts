import { utf8Decoder } from "../../bytes/utf8.ts";
import type { GitFiles } from "../git-files.ts";
import type { GitDirectory } from "./git-directory.ts";
import { readLine } from "./git-directory.ts";

const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const NAME = /^refs\/[^\s~^:?*[\\]+$/;
const MAX_LINKS = 5;
const MAX_TAGS = 2000;

export interface Head {
  readonly commit?: string;
  readonly branch?: string;
}

/** Refs of `packed-refs`: the id, and for a tag object the commit that it names. */
export type PackedRefs = ReadonlyMap<string, { readonly id: string; readonly peeled?: string }>;

/** Returns what is checked out, or `undefined` if that cannot be read from files. */
export async function readHead(files: GitFiles, git: GitDirectory, packed: PackedRefs): Promise<Head | undefined> {
  const head = await readLine(files, `${git.directory}/HEAD`);
  if (head === undefined) return undefined;
  if (ID.test(head)) return { commit: head };
  let name = /^ref:\s*(.*)$/.exec(head)?.[1];
  const branch = name?.startsWith("refs/heads/") ? name.slice(11) : name;
  for (let links = 0; links < MAX_LINKS; links++) {
    if (name === undefined || !NAME.test(name) || name.includes("..")) return undefined;
    const value = await readLine(files, `${git.common}/${name}`).catch(() => undefined);
    const commit = value !== undefined && ID.test(value) ? value : packed.get(name)?.id;
    if (commit !== undefined && !value?.startsWith("ref:")) return { ...(branch && { branch }), commit };
    if (value === undefined) return { ...(branch && { branch }) };
    name = /^ref:\s*(.*)$/.exec(value)?.[1];
  }
  return undefined;
}

export async function readPackedRefs(files: GitFiles, git: GitDirectory): Promise<PackedRefs> {
  const refs = new Map<string, { id: string; peeled?: string }>();
  const bytes = await files.read(`${git.common}/packed-refs`);
  let last: { id: string; peeled?: string } | undefined;
  for (const line of bytes ? utf8Decoder().decode(bytes).split("\n") : []) {
    if (line.startsWith("^") && last) last.peeled = line.slice(1);
    const [, id, name] = /^([0-9a-f]{40,64}) (refs\/.*)$/.exec(line) ?? [];
    if (id !== undefined && name !== undefined) refs.set(name, (last = { id }));
  }
  return refs;
}

/**
 * Returns the first tag, by name, of the commit. `peel` returns the object that a tag object names, or `undefined` for
 * another object. Adds to `incomplete` if there are too many tags.
 */
export async function readTagOf(
  files: GitFiles,
  git: GitDirectory,
  packed: PackedRefs,
  commit: string,
  peel: (id: string) => Promise<string | undefined>,
  incomplete: string[],
): Promise<string | undefined> {
  const targets = new Map<string, string>();
  for (const [name, { id, peeled }] of packed)
    if (name.startsWith("refs/tags/")) targets.set(name.slice(10), peeled ?? id);
  const loose = await looseTags(files, `${git.common}/refs/tags`, "");
  if (loose.length > MAX_TAGS) incomplete.push(`tag: more than ${MAX_TAGS} tags`);
  for (const name of loose.slice(0, MAX_TAGS)) {
    const id = await readLine(files, `${git.common}/refs/tags/${name}`);
    if (id === undefined || !ID.test(id)) continue;
    targets.set(name, id === commit ? id : ((await peel(id)) ?? id));
  }
  return [...targets]
    .filter(([, target]) => target === commit)
    .map(([name]) => name)
    .sort()[0];
}

async function looseTags(files: GitFiles, directory: string, prefix: string): Promise<string[]> {
  const tags: string[] = [];
  for (const name of (await files.list(directory)) ?? []) {
    if (tags.length > MAX_TAGS) break;
    const path = `${directory}/${name}`;
    if ((await files.lstat(path))?.isDirectory()) {
      for (const tag of await looseTags(files, path, `${prefix}${name}/`)) tags.push(tag);
    } else tags.push(prefix + name);
  }
  return tags;
}
