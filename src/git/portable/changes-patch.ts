import type { CodeChange } from "../../journal/recorded-code.ts";
import { breakIfDue } from "../../platform/event-loop.ts";
import type { GitRequest } from "../git-facts.ts";
import { MAX_COMPARED_FILE } from "../limits.ts";
import { blobId } from "../object-id.ts";
import { sortedByPath } from "../path-name.ts";
import { isComparable, mayFit } from "../patch/patch-limits.ts";
import { PatchFiles } from "../patch/patch-files.ts";
import { type FileSide, writeFilePatch } from "../patch/write-file-patch.ts";
import type { ObjectReader } from "./object-reader.ts";
import type { FoundSubmodules } from "./submodules.ts";
import { type Comparison, modeOf, readSide } from "./work-tree-status.ts";

/** Returns the patch that turns the commit into the working tree, without the files that do not fit. */
export async function changesPatch(
  request: GitRequest,
  comparison: Comparison,
  changes: readonly CodeChange[],
  objects: ObjectReader,
  submodules: FoundSubmodules,
  incomplete: string[],
): Promise<Uint8Array | undefined> {
  if (changes.length === 0) return undefined;
  const patch = new PatchFiles(request.maxPatchBytes);
  const modes = new Map(comparison.index.entries.map(({ path, mode }) => [path, mode]));
  for (const { path, status } of sortedByPath(changes)) {
    request.signal.throwIfAborted();
    try {
      const before = submodules.before.get(path) ?? (await readBefore(comparison, path, objects));
      const after =
        status === "deleted" ? undefined : (submodules.after.get(path) ?? (await readAfter(comparison, path, modes)));
      if (!mayFit(before, after, request.maxPatchBytes)) patch.leaveOut(path);
      else if (!isComparable(before, after)) incomplete.push(`patch: ${path} is too large to be compared`);
      else patch.add(path, writeFilePatch(path, before, after));
      await breakIfDue();
    } catch {
      request.signal.throwIfAborted();
      incomplete.push(`patch: ${path} cannot be compared`);
    }
  }
  return patch.end(incomplete);
}

async function readBefore({ head }: Comparison, path: string, objects: ObjectReader): Promise<FileSide | undefined> {
  const file = head.get(path);
  return file && { ...file, bytes: await objects.blob(file.id) };
}

async function readAfter(
  comparison: Comparison,
  path: string,
  modes: ReadonlyMap<string, number>,
): Promise<FileSide | undefined> {
  const { files, root, head, ignoresFileMode, hasSymlinks } = comparison;
  const stats = await files.lstat(`${root}/${path}`);
  if (stats === undefined || stats.isDirectory()) return undefined;
  if (stats.size > MAX_COMPARED_FILE) throw new RangeError("too large");
  // Where modes are ignored, that of the index counts.
  const known = modes.get(path) ?? head.get(path)?.mode ?? 0;
  const mode = modeOf(stats, known, ignoresFileMode, hasSymlinks);
  const bytes = (await readSide(files, `${root}/${path}`, mode)) ?? new Uint8Array();
  return { mode, id: await blobId(bytes, "sha1"), bytes };
}
