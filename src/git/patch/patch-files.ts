import { concatBytes } from "../../backend/body.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";

/** The most files that a limit names. */
const MAX_NAMED = 10;
const START: Uint8Array = /* @__PURE__ */ utf8Encoder().encode("diff --git ");

/** Collects the files of a patch that fit into it, in order. Knows the names of those that do not. */
export class PatchFiles {
  readonly #max: number;
  readonly #parts: Uint8Array[] = [];
  readonly #missing = new Set<string>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Adds all changes of a file, if they fit. */
  add(path: string, part: Uint8Array): void {
    if (part.length > this.#max - this.#size) return this.leaveOut(path);
    this.#parts.push(part);
    this.#size += part.length;
  }

  /** Notes that a file is missing. */
  leaveOut(path: string): void {
    this.#missing.add(path);
  }

  /** Returns the patch. Adds the missing files to `incomplete`. */
  end(incomplete: string[]): Uint8Array {
    const names = [...this.#missing];
    const rest = names.length > MAX_NAMED ? `, and ${names.length - MAX_NAMED} more` : "";
    if (names.length > 0)
      incomplete.push(
        `patch: it would be longer than ${this.#max} bytes; left out ${names.length} ` +
          `file${names.length === 1 ? "" : "s"}: ${names.slice(0, MAX_NAMED).join(", ")}${rest}`,
      );
    return concatBytes(this.#parts);
  }
}

/** Returns the patch of each file in a patch of git. A file whose type changed has two sections in one part. */
export function splitPatch(patch: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let begin = 0;
  let first: Uint8Array | undefined;
  for (let at = 0; at < patch.length;) {
    const end = patch.indexOf(10, at);
    const next = end === -1 ? patch.length : end + 1;
    // Lines of files begin with a sign, so this is never one of them.
    if (START.every((byte, i) => patch[at + i] === byte)) {
      const line = patch.subarray(at, next);
      if (!isSame(line, first)) {
        if (first) parts.push(patch.subarray(begin, at));
        begin = at;
        first = line;
      }
    }
    at = next;
  }
  if (first) parts.push(patch.subarray(begin));
  return parts;
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, i) => byte === b[i]);
}
