import { utf8Decoder, utf8Encoder } from "../../bytes/utf8.ts";
import { splitLines } from "./line-diff.ts";
import { concatBytes } from "../../backend/body.ts";

/** The changes of one file in a patch. */
export interface PatchSection {
  readonly path: string;
  readonly header: Uint8Array;
  readonly hunks: readonly PatchHunk[];
  /** The lines of a binary patch. */
  readonly binary?: Uint8Array;
}

export interface PatchHunk {
  readonly oldFrom: number;
  readonly oldCount: number;
  readonly newFrom: number;
  readonly newCount: number;
  /** The line that git shows to tell where the hunk is. */
  readonly heading: Uint8Array;
  /** The lines with their signs. */
  readonly lines: readonly Uint8Array[];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/**
 * Splits a patch of git into files and hunks. Leaves out a file that has nothing but its `diff --git` line: git writes
 * that line alone if only the times of the file differ.
 */
export function parsePatch(patch: Uint8Array): PatchSection[] {
  const sections: Building[] = [];
  for (const line of splitLines(patch)) {
    const section = sections.at(-1);
    if (startsWith(line, "diff --git ")) sections.push(new Building(line));
    else if (section && !startsWith(line, "* Unmerged path ")) section.add(line);
  }
  return sections.map((section) => section.build()).filter((section) => section !== undefined);
}

class Building {
  readonly #header: Uint8Array[];
  readonly #hunks: { start: RegExpExecArray; heading: Uint8Array; lines: Uint8Array[] }[] = [];
  readonly #binary: Uint8Array[] = [];
  #isBinary = false;

  constructor(line: Uint8Array) {
    this.#header = [line];
  }

  add(line: Uint8Array): void {
    const start = line[0] === 64 ? HUNK.exec(utf8Decoder().decode(line)) : null;
    if (startsWith(line, "GIT binary patch") && this.#hunks.length === 0) this.#isBinary = true;
    if (this.#isBinary) this.#binary.push(line);
    else if (start) this.#hunks.push({ start, heading: line.subarray(start[0].length), lines: [] });
    else (this.#hunks.at(-1)?.lines ?? this.#header).push(line);
  }

  build(): PatchSection | undefined {
    if (this.#header.length === 1) return undefined;
    return {
      path: pathOfPatch(this.#header[0] as Uint8Array),
      header: concatBytes(this.#header),
      hunks: this.#hunks.map(({ start, heading, lines }) => ({
        oldFrom: Number(start[1]),
        oldCount: Number(start[2] ?? 1),
        newFrom: Number(start[3]),
        newCount: Number(start[4] ?? 1),
        heading,
        lines,
      })),
      ...(this.#isBinary && { binary: concatBytes(this.#binary) }),
    };
  }
}

/** Writes the sections one after another. Moves the hunks behind those that were taken out. */
export function formatPatch(sections: readonly PatchSection[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { header, hunks, binary } of sections) {
    parts.push(header);
    let moved = 0;
    for (const { oldFrom, oldCount, newCount, heading, lines } of hunks) {
      // A side without lines names the line before.
      const newFrom = oldFrom + moved + (oldCount === 0 ? 1 : 0) - (newCount === 0 ? 1 : 0);
      parts.push(utf8Encoder().encode(`@@ -${oldFrom},${oldCount} +${newFrom},${newCount} @@`), heading);
      for (const line of lines) parts.push(line);
      moved += newCount - oldCount;
    }
    if (binary) parts.push(binary);
  }
  return concatBytes(parts);
}

/** Returns the path in the first line of a file's patch. Git quotes it if it has special characters. */
export function pathOfPatch(patch: Uint8Array): string {
  const end = patch.indexOf(10);
  const names = utf8Decoder()
    .decode(end === -1 ? patch : patch.subarray(0, end))
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

function startsWith(line: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (line[i] !== text.charCodeAt(i)) return false;
  return true;
}
