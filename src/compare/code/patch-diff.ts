import { utf8Decoder } from "../../bytes/utf8.ts";
import type { PatchHunk, PatchSection } from "../../provenance/patch/patch-sections.ts";
import type { Sameness } from "../sameness.ts";
import { DifferenceText } from "./difference-text.ts";

/** Where a hunk is in its file. */
export interface HunkPlace {
  /** The first of its lines in the committed file. */
  readonly oldFrom: number;
  /** The number of its lines in the committed file. */
  readonly oldCount: number;
  /** The first of its lines in the changed file. */
  readonly newFrom: number;
  /** The number of its lines in the changed file. */
  readonly newCount: number;
}

/** A file that two patches change differently. */
export interface ChangedFile {
  /** From the top of the working tree. */
  readonly path: string;
  /** Hunks of the first patch alone, at most 100. */
  readonly onlyA: readonly HunkPlace[];
  /** Hunks of the second patch alone, at most 100. */
  readonly onlyB: readonly HunkPlace[];
  /** The number of differing hunks that are in neither list. */
  readonly more: number;
  /** The number of hunks that both patches have. */
  readonly same: number;
  /** Whether the patches set another mode, or one of them adds or deletes the file. */
  readonly mode: boolean;
  /** Whether the content differs, and at least one patch holds it as binary data. */
  readonly binary: boolean;
}

/** What differs between two patches. */
export interface PatchDiff {
  /** Whether the patches make the same changes. `"unknown"` if hunks are missing that could differ. */
  readonly same: Sameness;
  /** Files that the first patch alone changes, at most 1,000. */
  readonly onlyA: readonly string[];
  /** Files that the second patch alone changes, at most 1,000. */
  readonly onlyB: readonly string[];
  /** Files that both patches change, differently; at most 1,000. */
  readonly changed: readonly ChangedFile[];
  /** The number of differing files that are in none of the lists. */
  readonly more: number;
  /**
   * The lines of the hunks that differ, as a unified difference between the two patches: `-` marks a line of the first
   * patch alone, `+` one of the second. At most 128 Ki characters. The lines are as recorded: escape them before you
   * print them.
   */
  readonly text: string;
  /** The number of differing files whose lines are not in `text`, because they are long, binary or too many. */
  readonly leftOut: number;
}

/** The most files in a list. */
const MAX_FILES = 1000;
/** The most hunks in a list. */
const MAX_HUNKS = 100;
/** How many files or hunks are looked at between two pauses. */
const ITEMS_PER_STEP = 256;
/** How many bytes become characters in one call. */
const BYTES_PER_CALL = 4096;
/** A longer header of a file is compared as it is. */
const MAX_HEADER = 65_536;

/** What a patch says about one file. A file whose type changes has two sections. */
interface FilePatch {
  readonly mode: string[];
  readonly hunks: (readonly PatchHunk[])[];
  readonly binary: Uint8Array[];
}

/** A file that two patches change differently, with the hunks that differ. */
export interface FileDiff {
  readonly file: ChangedFile;
  readonly hunksA: readonly PatchHunk[];
  readonly hunksB: readonly PatchHunk[];
  readonly hasOnlyA: boolean;
  readonly hasOnlyB: boolean;
}

/**
 * Compares two patches by file and hunk. Two hunks are the same if their lines are, and, with `samePlaces`, if they are
 * at the same place of the committed file. Takes time in proportion to the lengths, and yields where it may be
 * interrupted. `hasOnlyA` and `hasOnlyB` say whether one patch has something that the other lacks.
 */
export function* diffPatches(
  a: readonly PatchSection[],
  b: readonly PatchSection[],
  samePlaces: boolean,
): Generator<undefined, Omit<PatchDiff, "same"> & { readonly hasOnlyA: boolean; readonly hasOnlyB: boolean }> {
  const filesA = yield* filesOf(a);
  const filesB = yield* filesOf(b);
  const onlyA: string[] = [];
  const onlyB: string[] = [];
  const changed: ChangedFile[] = [];
  const text = new DifferenceText();
  let more = 0;
  let [hasOnlyA, hasOnlyB] = [false, false];
  for (const path of pathsOf(filesA, filesB)) {
    const [fileA, fileB] = [filesA.get(path), filesB.get(path)];
    const diff = yield* diffFiles(path, fileA ?? EMPTY, fileB ?? EMPTY, samePlaces);
    yield;
    if (fileA && fileB && !diff) continue;
    if (fileA && (!fileB || diff?.hasOnlyA)) hasOnlyA = true;
    if (fileB && (!fileA || diff?.hasOnlyB)) hasOnlyB = true;
    if (diff) text.add(diff);
    if (onlyA.length + onlyB.length + changed.length >= MAX_FILES) more++;
    else if (!fileB) onlyA.push(path);
    else if (!fileA) onlyB.push(path);
    else if (diff) changed.push(diff.file);
  }
  return { onlyA, onlyB, changed, more, text: text.text, leftOut: text.leftOut, hasOnlyA, hasOnlyB };
}

const EMPTY: FilePatch = { mode: [], hunks: [], binary: [] };

function* pathsOf(a: ReadonlyMap<string, FilePatch>, b: ReadonlyMap<string, FilePatch>): Generator<string, void> {
  yield* a.keys();
  for (const path of b.keys()) if (!a.has(path)) yield path;
}

function* filesOf(sections: readonly PatchSection[]): Generator<undefined, Map<string, FilePatch>> {
  const files = new Map<string, FilePatch>();
  for (const [i, { path, header, hunks, binary }] of sections.entries()) {
    if (i % ITEMS_PER_STEP === 0) yield;
    const before = files.get(path);
    const mode = modeOf(header, hunks.length === 0 && !binary);
    if (!before) files.set(path, { mode: [mode], hunks: [hunks], binary: binary ? [binary] : [] });
    else {
      before.mode.push(mode);
      before.hunks.push(hunks);
      if (binary) before.binary.push(binary);
    }
  }
  return files;
}

/** Returns what a header says. Digests follow from the content, if the patch has it. */
function modeOf(header: Uint8Array, lacksContent: boolean): string {
  const text = utf8Decoder().decode(header);
  if (text.length > MAX_HEADER) return text;
  return text
    .split("\n")
    .slice(1)
    .filter((line) => lacksContent || !line.startsWith("index "))
    .join("\n");
}

function* diffFiles(
  path: string,
  a: FilePatch,
  b: FilePatch,
  samePlaces: boolean,
): Generator<undefined, FileDiff | undefined> {
  const keyOf = ({ oldFrom, body }: PatchHunk): string => `${samePlaces ? oldFrom : ""}\n${textKey(body)}`;
  const unmatched = new Map<string, PatchHunk[]>();
  let done = 0;
  let count = 0;
  for (const hunk of b.hunks.flat()) {
    if (++done % ITEMS_PER_STEP === 0) yield;
    const key = keyOf(hunk);
    const group = unmatched.get(key);
    if (group) group.push(hunk);
    else unmatched.set(key, [hunk]);
  }
  const hunksA: PatchHunk[] = [];
  for (const hunk of a.hunks.flat()) {
    if (++done % ITEMS_PER_STEP === 0) yield;
    if (unmatched.get(keyOf(hunk))?.pop()) count++;
    else hunksA.push(hunk);
  }
  const hunksB = [...unmatched.values()].flat();
  const binary = !isSameList(a.binary, b.binary, isSameBytes);
  const mode = !isSameList(a.mode, b.mode, Object.is);
  if (hunksA.length + hunksB.length === 0 && !binary && !mode) return undefined;
  const [onlyA, onlyB] = [placesOf(hunksA), placesOf(hunksB)];
  const more = hunksA.length + hunksB.length - onlyA.length - onlyB.length;
  return {
    file: { path, onlyA, onlyB, more, same: count, mode, binary },
    hunksA,
    hunksB,
    hasOnlyA: hunksA.length > 0 || binary || mode,
    hasOnlyB: hunksB.length > 0 || binary || mode,
  };
}

function placesOf(hunks: readonly PatchHunk[]): HunkPlace[] {
  return hunks
    .slice(0, MAX_HUNKS)
    .map(({ oldFrom, oldCount, newFrom, newCount }) => ({ oldFrom, oldCount, newFrom, newCount }));
}

/** Returns a text that is the same for the same bytes alone. */
function textKey(bytes: Uint8Array): string {
  const text = utf8Decoder().decode(bytes);
  if (!text.includes("\uFFFD")) return text;
  // Different bytes that are not UTF-8 may decode to the same text.
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += BYTES_PER_CALL)
    parts.push(String.fromCharCode.apply(undefined, bytes.subarray(i, i + BYTES_PER_CALL) as unknown as number[]));
  return `bytes:${parts.join("")}`;
}

function isSameList<T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => isSame(item, b[i]!));
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
