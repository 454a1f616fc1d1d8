import { abortable } from "../platform/abort.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { scrub } from "../provenance/redaction/scrub.ts";
import type { Remote } from "../journal/recorded-code.ts";
import type { CodeSnapshot } from "../provenance/code-snapshot.ts";
import type { GitFacts, GitRequest } from "./git-facts.ts";
import { type ProgramPaths, seenFrom } from "./host-paths.ts";
import { MAX_CHANGES } from "./limits.ts";
import { findLockfile } from "./lockfile.ts";
import { sortedByPath } from "./path-name.ts";
import { cleanRemoteUrl } from "./remote-url.ts";
import { snapshotPatch } from "./snapshot-patch.ts";

/** What the snapshot contains besides what the engine found out. */
export interface SnapshotParts {
  readonly untrackedContents: boolean;
  readonly program: ProgramPaths;
  /** Aborted when reading the lockfile takes too long. */
  readonly lockfileSignal?: AbortSignal | undefined;
}

/** Returns the snapshot without secrets. */
export async function makeSnapshot(facts: GitFacts, request: GitRequest, parts: SnapshotParts): Promise<CodeSnapshot> {
  const incomplete = [...facts.incomplete];
  const remotes = cleanRemotes(facts.remotes, incomplete);
  await breakIfDue();
  const patch = request.wantsPatch
    ? await snapshotPatch(facts, request, parts.untrackedContents, incomplete)
    : undefined;
  const lockfile = await abortable(
    findLockfile(request.files, facts.root, request.directory),
    parts.lockfileSignal,
  ).catch(() => {
    request.signal.throwIfAborted();
    incomplete.push("lockfile: it cannot be read");
    return undefined;
  });
  const changes = sortedByPath(facts.changes).slice(0, MAX_CHANGES);
  if (facts.changes.length > changes.length)
    incomplete.push(`changes: ${facts.changes.length - changes.length} more files`);
  const { entry, directory } = seenFrom(facts.root, parts.program);
  const names = new Redaction();
  const snapshot = {
    engine: facts.engine,
    ...(facts.engineVersion !== undefined && { engineVersion: facts.engineVersion }),
    ...(facts.commit !== undefined && { commit: facts.commit }),
    ...(facts.branch !== undefined && { branch: names.clean(facts.branch) }),
    ...(facts.tag !== undefined && { tag: names.clean(facts.tag) }),
    ...(facts.authoredAt !== undefined && { authoredAt: facts.authoredAt }),
    ...(facts.committedAt !== undefined && { committedAt: facts.committedAt }),
    remotes,
    dirty: facts.dirty,
    changes: await names.cleanPaths(changes),
    untracked: await names.cleanPaths(sortedByPath(facts.untracked)),
    submodules: await names.cleanPaths(sortedByPath(facts.submodules)),
    ...(entry !== undefined && { entry: names.clean(entry) }),
    ...(directory !== undefined && { directory: names.clean(directory) }),
    ...(lockfile !== undefined && { lockfile: { ...lockfile, path: names.clean(lockfile.path) } }),
    ...(patch !== undefined && { patch }),
  };
  if (names.redacted > 0) incomplete.push(`names: ${names.redacted} redacted, they look like secrets`);
  return { ...snapshot, incomplete: [...new Set(incomplete.map(scrub))] };
}

class Redaction {
  redacted = 0;

  clean(name: string): string {
    const cleaned = scrub(name);
    if (cleaned !== name) this.redacted++;
    return cleaned;
  }

  async cleanPaths<T extends { readonly path: string }>(named: readonly T[]): Promise<T[]> {
    const cleaned: T[] = [];
    for (const each of named) {
      cleaned.push({ ...each, path: this.clean(each.path) });
      await breakIfDue();
    }
    return cleaned;
  }
}

function cleanRemotes(remotes: readonly Remote[], incomplete: string[]): Remote[] {
  const kept: Remote[] = [];
  let withheld = 0;
  let changed = 0;
  for (const { name, url } of remotes) {
    const cleaned = cleanRemoteUrl(url);
    if (cleaned === undefined) withheld++;
    else {
      kept.push({ name: scrub(name), url: cleaned });
      if (cleaned !== url) changed++;
    }
  }
  if (changed > 0) incomplete.push(`remotes: parts of ${changed} withheld, they may be secrets`);
  if (withheld > 0) incomplete.push(`remotes: ${withheld} withheld, not a plain address of another computer`);
  return kept.sort((a, b) => (a.name < b.name ? -1 : 1));
}
