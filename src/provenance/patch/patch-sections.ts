import { concatBytes } from "../../backend/body.ts";
import { utf8Decoder, utf8Encoder } from "../../bytes/utf8.ts";
import { inOneGo } from "../../platform/event-loop.ts";

/** The changes of one file in a patch. */
export interface PatchSection {
  readonly path: string;
  readonly header: Uint8Array;
  readonly hunks: readonly PatchHunk[];
  /** The lines of a binary patch. */
  readonly binary?: Uint8Array;
}

/** A place of a file where lines changed. */
export interface PatchHunk {
  readonly oldFrom: number;
  readonly oldCount: number;
  readonly newFrom: number;
  readonly newCount: number;
  /** The line that git shows to tell where the hunk is. */
  readonly heading: Uint8Array;
  /** The lines with their signs. */
  readonly body: Uint8Array;
}

const HUNK = /^@@ -(\d{1,15})(?:,(\d{1,15}))? \+(\d{1,15})(?:,(\d{1,15}))? @@/;
/** The most bytes that {@link HUNK} matches. */
const MAX_HUNK_START = 80;
/** How many lines are read between two pauses. */
const LINES_PER_STEP = 1024;

/**
 * Splits a patch of git into files and hunks. Leaves out a file that has nothing but its `diff --git` line: git writes
 * that line alone if only the times of the file differ. Takes time in proportion to the length of the patch.
 */
export function parsePatch(patch: Uint8Array): PatchSection[] {
  return inOneGo(parseInSteps(patch, Infinity)) ?? [];
}

/**
 * Does what {@link parsePatch} does, and yields where it may be interrupted. Returns `undefined` if there are more than
 * `most` files and hunks.
 */
export function* parseInSteps(patch: Uint8Array, most: number): Generator<undefined, PatchSection[] | undefined> {
  const sections: PatchSection[] = [];
  let section: OpenSection | undefined;
  let lines = 0;
  let parts = 0;
  const close = (at: number): void => {
    const closed = section?.close(at);
    if (closed) sections.push(closed);
    section = undefined;
  };
  for (let at = 0; at < patch.length;) {
    if (++lines % LINES_PER_STEP === 0) yield;
    const feed = patch.indexOf(10, at);
    const next = feed === -1 ? patch.length : feed + 1;
    if (startsAt(patch, at, "diff --git ")) {
      close(at);
      section = new OpenSection(patch, at, next);
      parts++;
    } else if (startsAt(patch, at, "* Unmerged path ")) close(at);
    else if (section?.add(at, next)) parts++;
    if (parts > most) return undefined;
    at = next;
  }
  close(patch.length);
  return sections;
}

/** A section whose end is not known yet. */
class OpenSection {
  readonly #patch: Uint8Array;
  readonly #start: number;
  readonly #firstEnd: number;
  /** Where the header ends, once that is known. */
  #headerEnd: number | undefined;
  #binaryFrom: number | undefined;
  readonly #hunks: { readonly hunk: Omit<PatchHunk, "body">; readonly at: number; readonly next: number }[] = [];

  constructor(patch: Uint8Array, at: number, next: number) {
    this.#patch = patch;
    this.#start = at;
    this.#firstEnd = next;
  }

  /** Adds a line. Returns whether it begins a hunk. */
  add(at: number, next: number): boolean {
    if (this.#binaryFrom !== undefined) return false;
    if (this.#hunks.length === 0 && startsAt(this.#patch, at, "GIT binary patch")) {
      this.#headerEnd = at;
      this.#binaryFrom = at;
    }
    if (!startsAt(this.#patch, at, "@@ -")) return false;
    const start = HUNK.exec(utf8Decoder().decode(this.#patch.subarray(at, Math.min(next, at + MAX_HUNK_START))));
    if (start === null) return false;
    this.#headerEnd ??= at;
    const hunk = {
      oldFrom: Number(start[1]),
      oldCount: Number(start[2] ?? 1),
      newFrom: Number(start[3]),
      newCount: Number(start[4] ?? 1),
      heading: this.#patch.subarray(at + start[0].length, next),
    };
    this.#hunks.push({ hunk, at, next });
    return true;
  }

  close(end: number): PatchSection | undefined {
    const header = this.#patch.subarray(this.#start, this.#headerEnd ?? end);
    if (this.#start + header.length === this.#firstEnd && this.#headerEnd === undefined) return undefined;
    return {
      path: pathOfPatch(this.#patch.subarray(this.#start, this.#firstEnd)),
      header,
      hunks: this.#hunks.map(({ hunk, next }, i) => ({
        ...hunk,
        body: this.#patch.subarray(next, this.#hunks[i + 1]?.at ?? end),
      })),
      ...(this.#binaryFrom !== undefined && { binary: this.#patch.subarray(this.#binaryFrom, end) }),
    };
  }
}

/** Returns whether the sections hold every byte of the patch that they come from. */
export function isWhole(patch: Uint8Array, sections: readonly PatchSection[]): boolean {
  let end = patch.byteOffset;
  for (const { header, hunks, binary } of sections) {
    if (header.byteOffset !== end) return false;
    const last = binary ?? hunks.at(-1)?.body ?? header;
    end = last.byteOffset + last.byteLength;
  }
  return end === patch.byteOffset + patch.byteLength;
}

/** Writes the sections one after another. Moves the hunks behind those that were taken out. */
export function formatPatch(sections: readonly PatchSection[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { header, hunks, binary } of sections) {
    parts.push(header);
    let moved = 0;
    for (const { oldFrom, oldCount, newCount, heading, body } of hunks) {
      // A side without lines names the line before.
      const newFrom = oldFrom + moved + (oldCount === 0 ? 1 : 0) - (newCount === 0 ? 1 : 0);
      parts.push(utf8Encoder().encode(`@@ -${oldFrom},${oldCount} +${newFrom},${newCount} @@`), heading, body);
      moved += newCount - oldCount;
    }
    if (binary) parts.push(binary);
  }
  return concatBytes(parts);
}

/** The most bytes of a line that names a file. Systems allow paths of 4096 bytes, and git may escape each of them. */
const MAX_NAMES = 40_000;

/**
 * Returns the path in the first line of a file's patch. Git quotes it if it has special characters. A line that is
 * longer than any real one is cut off.
 */
export function pathOfPatch(patch: Uint8Array): string {
  const end = patch.subarray(0, MAX_NAMES).indexOf(10);
  const names = utf8Decoder()
    .decode(patch.subarray(0, end === -1 ? MAX_NAMES : end))
    .slice("diff --git ".length);
  if (!names.startsWith('"')) return names.slice(2, (names.length - 1) / 2);
  const [, quoted = ""] = /^"a\/((?:[^"\\]|\\.)*)"/.exec(names) ?? [];
  const escapes: Readonly<Record<string, string>> = {
    n: "\n",
    t: "\t",
    r: "\r",
    a: "\u0007",
    b: "\b",
    f: "\f",
    v: "\v",
  };
  return quoted.replace(/\\(?:([0-7]{3})|(.))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(code, 8)),
  );
}

function startsAt(patch: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (patch[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
