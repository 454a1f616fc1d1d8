import type { GitFacts, GitRequest } from "./git-facts.ts";
import { blobId } from "./object-id.ts";
import { isComparable } from "./patch/patch-limits.ts";
import { breakIfDue, inSlices } from "../platform/event-loop.ts";
import { type PatchSection, formatPatch, parseInSteps, parsePatch } from "../provenance/patch/patch-sections.ts";
import { isSecretFile, withholdSecrets } from "./patch/withhold-secrets.ts";
import { writeFilePatch } from "./patch/write-file-patch.ts";
import { sortedByPath } from "./path-name.ts";

/** Returns the patch that is recorded: whole files within the limit, without secrets. */
export async function snapshotPatch(
  facts: GitFacts,
  request: GitRequest,
  hasUntracked: boolean,
  incomplete: string[],
): Promise<Uint8Array | undefined> {
  const { maxPatchBytes } = request;
  const read = facts.patch ?? new Uint8Array();
  const sections = (await inSlices(parseInSteps(read, Infinity))) ?? [];
  if (hasUntracked)
    for (const section of await untrackedSections(facts, request, maxPatchBytes - read.length, incomplete))
      sections.push(section);
  const { sections: kept, withheldHunks, withheldFiles } = await withholdSecrets(sections);
  if (withheldHunks > 0) incomplete.push(`patch: ${counted(withheldHunks, "hunk")} withheld, they look like secrets`);
  if (withheldFiles > 0) incomplete.push(`patch: ${counted(withheldFiles, "file")} withheld, they may hold secrets`);
  const patch = formatPatch(kept);
  return patch.length === 0 ? undefined : patch;
}

/** Returns the untracked files as files that are added, as long as there is room. */
async function untrackedSections(
  { untracked, root, objectFormat }: GitFacts,
  { files, signal }: GitRequest,
  room: number,
  incomplete: string[],
): Promise<PatchSection[]> {
  const sections: PatchSection[] = [];
  let left = room;
  let skipped = 0;
  let secret = 0;
  for (const { path, size } of sortedByPath(untracked)) {
    await breakIfDue();
    signal.throwIfAborted();
    if (path.endsWith("/")) continue;
    if (isSecretFile(path)) {
      secret++;
      continue;
    }
    const stats = size > left ? undefined : await files.lstat(`${root}/${path}`).catch(() => undefined);
    const bytes = stats?.isFile()
      ? await files.read(`${root}/${path}`, { stats, root }).catch(() => undefined)
      : undefined;
    if (!stats || !bytes) {
      skipped++;
      continue;
    }
    const mode = stats.mode & 0o100 ? 0o100755 : 0o100644;
    const side = { mode, id: await blobId(bytes, objectFormat), bytes };
    const part = isComparable(undefined, side) ? writeFilePatch(path, undefined, side) : undefined;
    if (!part || part.length > left) {
      skipped++;
      continue;
    }
    left -= part.length;
    for (const section of parsePatch(part)) sections.push(section);
  }
  if (skipped > 0) incomplete.push(`patch: the contents of ${counted(skipped, "untracked file")} are left out`);
  if (secret > 0) incomplete.push(`patch: ${counted(secret, "untracked file")} withheld, they may hold secrets`);
  return sections;
}

function counted(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}
