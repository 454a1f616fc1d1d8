import type { CodeChange, Submodule } from "../../journal/recorded-code.ts";
import type { GitRequest } from "../git-facts.ts";
import type { FileSide } from "../patch/write-file-patch.ts";
import { findGitDirectory } from "./git-directory.ts";
import type { IndexFile } from "./index-file.ts";
import type { TreeFile } from "./object-reader.ts";
import { readHead, readPackedRefs } from "./read-refs.ts";
import { submoduleSide } from "./submodule-side.ts";
import { SUBMODULE } from "./work-tree-status.ts";

export interface FoundSubmodules {
  readonly submodules: readonly Submodule[];
  readonly changes: readonly CodeChange[];
  readonly before: ReadonlyMap<string, FileSide>;
  readonly after: ReadonlyMap<string, FileSide>;
}

/** Compares the commits of submodules. Whether their files are changed stays unknown. */
export async function readSubmodules(
  request: GitRequest,
  root: string,
  index: IndexFile,
  head: ReadonlyMap<string, TreeFile>,
): Promise<FoundSubmodules> {
  const submodules: Submodule[] = [];
  const changes: CodeChange[] = [];
  const before = new Map<string, FileSide>();
  const after = new Map<string, FileSide>();
  const listed = new Map(index.entries.filter(({ mode }) => mode === SUBMODULE).map(({ path, id }) => [path, id]));
  for (const [path, { mode, id }] of head) {
    if (mode !== SUBMODULE) continue;
    before.set(path, submoduleSide(id));
    if (!listed.has(path)) changes.push({ path, status: "deleted" });
  }
  for (const [path, id] of listed) {
    const own = `${root}/${path}`;
    const folder = await request.files.lstat(own);
    const isThere = folder?.isDirectory() === true && (await request.files.lstat(`${own}/.git`)) !== undefined;
    const commit = isThere ? await commitOf(request, own) : undefined;
    submodules.push({ path, ...(commit !== undefined && { commit }), dirty: isThere ? "unknown" : false });
    const now = commit ?? id;
    const old = head.get(path);
    if (old?.id === now && id === now) continue;
    changes.push({ path, status: old ? (folder ? "modified" : "deleted") : "added" });
    after.set(path, submoduleSide(now));
  }
  return { submodules, changes, before, after };
}

async function commitOf({ files }: GitRequest, directory: string): Promise<string | undefined> {
  const git = await findGitDirectory(files, directory);
  if (git?.root !== directory) return undefined;
  return (await readHead(files, git, await readPackedRefs(files, git)))?.commit;
}
