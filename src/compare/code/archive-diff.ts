import { utf8Decoder } from "../../bytes/utf8.ts";
import { type ArchiveEntry, readArchiveDirectory, storedBytes } from "../../provenance/archive-directory.ts";
import { DifferenceText, MAX_FILE_BYTES } from "./difference-text.ts";

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
  /**
   * The lines of the files of `changed` that differ, as a unified difference: `-` marks a line of the first archive, `+`
   * one of the second. At most 128 Ki characters. The lines are as recorded: escape them before you print them.
   */
  readonly text: string;
  /** The number of files of both archives that differ and whose lines are not in `text`: long, binary, or too many. */
  readonly leftOut: number;
}

/**
 * Inflates the bytes of a file to exactly `size` bytes with the checksum `crc`, and never more. Throws an error of any
 * kind if they are damaged.
 */
export type InflateFile = (deflated: Uint8Array, crc: number, size: number) => Uint8Array;

const MAX_FILES = 1000;
/** After as many damaged files, no other is inflated. One may take long to inflate. */
const MAX_DAMAGED = 8;
const STORED = 0;
const DEFLATED = 8;

/**
 * Compares two zip archives by the bytes that they store of each file, and by line with `inflate`. Yields where it may
 * be interrupted. Returns `undefined` if one is damaged.
 */
export function* diffArchives(
  a: Uint8Array,
  b: Uint8Array,
  inflate: InflateFile | undefined,
): Generator<undefined, ArchiveDiff | undefined> {
  const [filesA, filesB] = [filesOf(a), filesOf(b)];
  if (!filesA || !filesB) return undefined;
  const lists = { onlyA: [] as string[], onlyB: [] as string[], changed: [] as string[] };
  const text = new DifferenceText();
  let damaged = 0;
  let more = 0;
  const add = (list: string[], path: string): void => {
    if (list.length < MAX_FILES) list.push(path);
    else more++;
  };
  const read = (file: ArchivedFile): Uint8Array | undefined => {
    if (!inflate || damaged >= MAX_DAMAGED) return undefined;
    try {
      return bytesOf(file, inflate);
    } catch {
      damaged++;
      return undefined;
    }
  };
  for (const [path, file] of filesA) {
    yield;
    const other = filesB.get(path);
    if (!other) add(lists.onlyA, path);
    else if (!isSame(file.region, other.region)) {
      add(lists.changed, path);
      text.addFile(path, text.isFull ? undefined : read(file), text.isFull ? undefined : read(other));
    }
  }
  for (const path of filesB.keys()) if (!filesA.has(path)) add(lists.onlyB, path);
  return { ...lists, more, text: text.text, leftOut: text.leftOut };
}

/** A file, and everything that the archive stores of it before the next one. */
interface ArchivedFile {
  readonly entry: ArchiveEntry;
  readonly region: Uint8Array;
  readonly archive: Uint8Array;
}

function filesOf(archive: Uint8Array): Map<string, ArchivedFile> | undefined {
  const entries = readArchiveDirectory(archive);
  if (!entries) return undefined;
  const { files, directory } = entries;
  return new Map(
    files.map((entry, i) => [
      utf8Decoder().decode(entry.path),
      { entry, archive, region: archive.subarray(entry.offset, files[i + 1]?.offset ?? directory) },
    ]),
  );
}

/** Returns the bytes of a file, or `undefined` if they are many. Throws if they are damaged. */
function bytesOf({ entry, archive }: ArchivedFile, inflate: InflateFile): Uint8Array | undefined {
  const { method, crc, packed, size } = entry;
  if (size > MAX_FILE_BYTES || packed > MAX_FILE_BYTES) return undefined;
  const stored = storedBytes(archive, entry);
  if (method === DEFLATED && stored) return inflate(stored, crc, size);
  if (method !== STORED || stored?.length !== size) throw new RangeError("the file is damaged");
  return stored;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
