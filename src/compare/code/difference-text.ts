import { utf8Decoder, utf8Encoder } from "../../bytes/utf8.ts";
import { diffLines, splitLines } from "../../provenance/patch/line-diff.ts";
import { unifiedHunks } from "../../provenance/patch/unified-hunks.ts";
import type { PatchHunk } from "../../provenance/patch/patch-sections.ts";

/** The most characters of the text. */
const MAX_TEXT: number = 128 * 1024;
/** The most bytes, and the most lines, of the differing hunks of one file in one patch. */
const MAX_BYTES: number = 64 * 1024;
const MAX_LINES = 2000;
/** After as many files that do not fit, no other is compared. */
const MAX_MISFITS = 4;
/** The most bytes of a whole file that is compared by line. */
export const MAX_FILE_BYTES: number = MAX_BYTES;

/** A file with the hunks that differ. */
interface DifferingFile {
  readonly file: { readonly path: string; readonly binary: boolean };
  readonly hunksA: readonly PatchHunk[];
  readonly hunksB: readonly PatchHunk[];
}

/** Collects the lines that differ between two patches, or two archives, file by file, as a unified difference. */
export class DifferenceText {
  #text = "";
  #leftOut = 0;
  #misfits = 0;

  get text(): string {
    return this.#text;
  }

  /** The number of files whose lines are not in the text. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Whether nothing more can be added. */
  get isFull(): boolean {
    return this.#text.length >= MAX_TEXT || this.#misfits >= MAX_MISFITS;
  }

  /** Adds the lines of a file that differ, if they are text. Without one of the sides, they are not known. */
  addFile(path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    const isText = (bytes: Uint8Array | undefined): bytes is Uint8Array =>
      bytes !== undefined && bytes.length <= MAX_FILE_BYTES && !bytes.includes(0) && countLines(bytes) <= MAX_LINES;
    if (!isText(before) || !isText(after)) this.#leftOut++;
    else {
      const hunks = unifiedHunks(before, after);
      if (hunks.length > 0) this.#take(namesOf(path) + hunks.map((line) => utf8Decoder().decode(line)).join(""));
    }
  }

  #take(text: string): void {
    if (this.#text.length + text.length <= MAX_TEXT) this.#text += text;
    else {
      this.#leftOut++;
      this.#misfits++;
    }
  }

  /** Adds the lines of the hunks of a file that differ, if they are few. A file with another mode alone has no lines. */
  add({ file, hunksA, hunksB }: DifferingFile): void {
    const [before, after] = [linesOf(hunksA), linesOf(hunksB)];
    if (file.binary || !before || !after || this.isFull) {
      this.#leftOut++;
      return;
    }
    if (before.length + after.length === 0) return;
    this.#take(unified(file.path, before, after));
  }
}

/** Returns the lines of hunks with their headings, or `undefined` if they are too many. */
function linesOf(hunks: readonly PatchHunk[]): Uint8Array[] | undefined {
  let bytes = 0;
  for (const { body } of hunks) if ((bytes += body.length) > MAX_BYTES) return undefined;
  if (hunks.length > MAX_LINES) return undefined;
  const lines: Uint8Array[] = [];
  for (const { oldFrom, oldCount, newFrom, newCount, body } of hunks) {
    lines.push(utf8Encoder().encode(`@@ -${oldFrom},${oldCount} +${newFrom},${newCount} @@\n`));
    for (const line of splitLines(body)) {
      lines.push(line);
      if (lines.length > MAX_LINES) return undefined;
    }
  }
  return lines;
}

function namesOf(path: string): string {
  // A name with a line feed would make up lines.
  const name = /\p{Cc}/u.test(path) ? JSON.stringify(path) : path;
  return `--- a: ${name}\n+++ b: ${name}\n`;
}

function countLines(bytes: Uint8Array): number {
  let count = 1;
  for (const byte of bytes) if (byte === 10) count++;
  return count;
}

function unified(path: string, before: readonly Uint8Array[], after: readonly Uint8Array[]): string {
  let text = namesOf(path);
  const add = (sign: string, lines: readonly Uint8Array[]): void => {
    for (const line of lines) text += `${sign}${utf8Decoder().decode(line).replace(/\n$/, "")}\n`;
  };
  let at = 0;
  for (const { oldFrom, oldTo, newFrom, newTo } of diffLines(before, after)) {
    add(" ", before.slice(at, oldFrom));
    add("-", before.slice(oldFrom, oldTo));
    add("+", after.slice(newFrom, newTo));
    at = oldTo;
  }
  add(" ", before.slice(at));
  return text;
}
