import type { CodeChange } from "../../journal/recorded-code.ts";
import { MAX_COMPARED_FILE } from "../limits.ts";
import { type Conversion, withoutCarriageReturns } from "./attributes.ts";
import type { ObjectReader } from "./object-reader.ts";
import { type Comparison, LINK, type WorkTreeStatus, readSide } from "./work-tree-status.ts";

export interface CertainChanges {
  readonly changes: readonly CodeChange[];
  /** How many files git may take for changed or not. They are not in `changes`. */
  readonly uncertain: number;
}

/** Leaves out the files that differ, but that git may take for equal because it converts them first. */
export async function certainChanges(
  comparison: Comparison,
  { changes, differing }: WorkTreeStatus,
  conversion: Conversion,
  objects: ObjectReader,
): Promise<CertainChanges> {
  if (conversion === "none" || differing.length === 0) return { changes, uncertain: 0 };
  const { files, root, index, head, signal } = comparison;
  const entries = new Map(index.entries.map((entry) => [entry.path, entry]));
  const unsure = new Set<string>();
  for (const path of differing) {
    signal.throwIfAborted();
    const entry = entries.get(path);
    const before = head.get(path);
    if (!entry || entry.mode === LINK || before?.id !== entry.id || before.mode !== entry.mode) continue;
    const size = (await files.lstat(`${root}/${path}`))?.size ?? 0;
    if (conversion === "line-ends" && size <= MAX_COMPARED_FILE) {
      const [old, fresh] = await Promise.all([objects.blob(entry.id), readSide(files, `${root}/${path}`, entry.mode)]);
      if (fresh && !areEqual(withoutCarriageReturns(old), withoutCarriageReturns(fresh))) continue;
    }
    unsure.add(path);
  }
  const certain = changes.filter(({ path, status }) => status !== "modified" || !unsure.has(path));
  return { changes: certain, uncertain: unsure.size };
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
