import { compareUtf8 } from "../bytes/utf8-order.ts";

/** The content of a file of an artifact. */
export interface ComparedContent {
  /** Bytes. */
  readonly size: number;
  /** `sha256:<64 hex digits>` of the content. */
  readonly digest: string;
}

/** A file of an artifact that is compared. */
export interface ComparedFile extends ComparedContent {
  /** The path in the artifact. */
  readonly path: string;
}

/** A file whose content differs. */
export interface ChangedContent {
  /** The path in both artifacts. */
  readonly path: string;
  /** The content in the first one. */
  readonly a: ComparedContent;
  /** The content in the second one. */
  readonly b: ComparedContent;
}

/** What differs between the files of two versions. Each list is in the order of the UTF-8 bytes of the paths. */
export interface ArtifactDiff {
  /** Files that only the second version has. */
  readonly added: readonly ComparedFile[];
  /** Files that only the first version has. */
  readonly removed: readonly ComparedFile[];
  /** Files that both have, with another content. */
  readonly changed: readonly ChangedContent[];
  /** Files that both have, with the same content. */
  readonly same: readonly ComparedFile[];
}

/** Compares files by their paths, sizes and digests. Yields often, so that other work may run in between. */
export function* diffFiles(
  a: Iterable<ComparedFile>,
  b: Iterable<ComparedFile>,
): Generator<undefined, ArtifactDiff, void> {
  const before = new Map<string, ComparedFile>();
  for (const { path, size, digest } of a) {
    before.set(path, { path, size, digest });
    yield;
  }
  const added: ComparedFile[] = [];
  const changed: ChangedContent[] = [];
  const same: ComparedFile[] = [];
  for (const { path, size, digest } of b) {
    const old = before.get(path);
    before.delete(path);
    const file = { path, size, digest };
    if (old === undefined) added.push(file);
    else if (old.digest === digest && old.size === size) same.push(file);
    else changed.push({ path, a: { size: old.size, digest: old.digest }, b: { size, digest } });
    yield;
  }
  const byPath = (x: { readonly path: string }, y: { readonly path: string }): number => compareUtf8(x.path, y.path);
  const removed = [...before.values()];
  for (const list of [added, removed, changed, same] as { readonly path: string }[][]) {
    list.sort(byPath);
    yield;
  }
  return { added, removed, changed, same };
}
