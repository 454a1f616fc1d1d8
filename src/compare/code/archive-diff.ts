import { utf8Decoder } from "../../bytes/utf8.ts";
import { readArchiveDirectory } from "../../provenance/archive-directory.ts";

/** What differs between two archives of sources, by file. Each list has at most 1,000 paths. */
export interface ArchiveDiff {
  /** Files of the first archive alone. */
  readonly onlyA: readonly string[];
  /** Files of the second archive alone. */
  readonly onlyB: readonly string[];
  /** Files that are not stored with the same bytes. */
  readonly changed: readonly string[];
  /** The number of differing files that are in none of the lists. */
  readonly more: number;
}

const MAX_FILES = 1000;

/** Compares two zip archives by the bytes that they store of each file. Returns `undefined` if one is damaged. */
export function diffArchives(a: Uint8Array, b: Uint8Array): ArchiveDiff | undefined {
  const [filesA, filesB] = [filesOf(a), filesOf(b)];
  if (!filesA || !filesB) return undefined;
  const lists = { onlyA: [] as string[], onlyB: [] as string[], changed: [] as string[] };
  let more = 0;
  const add = (list: string[], path: string): void => {
    if (list.length < MAX_FILES) list.push(path);
    else more++;
  };
  for (const [path, bytes] of filesA) {
    const other = filesB.get(path);
    if (!other) add(lists.onlyA, path);
    else if (!isSame(bytes, other)) add(lists.changed, path);
  }
  for (const path of filesB.keys()) if (!filesA.has(path)) add(lists.onlyB, path);
  return { ...lists, more };
}

function filesOf(archive: Uint8Array): Map<string, Uint8Array> | undefined {
  const entries = readArchiveDirectory(archive);
  if (!entries) return undefined;
  const { files, directory } = entries;
  return new Map(
    files.map(({ path, offset }, i) => [
      utf8Decoder().decode(path),
      archive.subarray(offset, files[i + 1]?.offset ?? directory),
    ]),
  );
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
