import { crc32 } from "../bytes/crc32.ts";
import { utf8Decoder } from "../bytes/utf8.ts";
import { readArchiveDirectory } from "../provenance/archive-directory.ts";
import { MAX_ARCHIVE_PARTS } from "../journal/recorded-code.ts";

/** The most bytes of an archive. */
export const MAX_ARCHIVE: number = 64 * 1024 * 1024;

/** An archive, and the same bytes in parts. */
export interface SplitArchive {
  readonly bytes: Uint8Array;
  /** The paths of the files. */
  readonly paths: readonly string[];
  /** One after another, they are the archive. */
  readonly parts: readonly Uint8Array[];
}

/** About how many bytes a part has, and how many parts there are if that makes too many. */
const PART_BYTES = 32 * 1024;
const GROUPS = 32;

/**
 * Splits a zip archive between files, or returns `undefined` for anything else. Where it splits depends on the paths of
 * the files, and hardly on their contents: if one file changes, only its part and the directory at the end change.
 */
export function splitArchive(bytes: Uint8Array): SplitArchive | undefined {
  const entries = readArchiveDirectory(bytes);
  if (!entries) return undefined;
  const { files, directory } = entries;
  const parts: Uint8Array[] = [];
  let from = 0;
  const cut = (at: number): void => {
    if (at === from || parts.length >= MAX_ARCHIVE_PARTS - 1) return;
    parts.push(bytes.subarray(from, at));
    from = at;
  };
  const groups = Math.min(GROUPS, Math.floor(directory / PART_BYTES));
  if (groups > 1) {
    // A power of two, because each other number of groups splits elsewhere.
    const every = 2 ** Math.max(0, Math.round(Math.log2(files.length / groups)));
    const large = Math.max(2 * PART_BYTES, directory / GROUPS);
    let wasLarge = false;
    for (const [i, { offset, path }] of files.entries()) {
      const isLarge = (files[i + 1]?.offset ?? directory) - offset >= large;
      if (isLarge || wasLarge || crc32(path) % every === 0) cut(offset);
      wasLarge = isLarge;
    }
    cut(directory);
  }
  parts.push(bytes.subarray(from));
  return { bytes, paths: files.map(({ path }) => utf8Decoder().decode(path)), parts };
}
