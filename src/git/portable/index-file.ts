import { LedgerError } from "../../errors/ledger-error.ts";
import { pathName } from "../path-name.ts";
import { PathBudget } from "./path-budget.ts";

/** A path in the index. */
export interface IndexEntry {
  readonly path: string;
  readonly mode: number;
  readonly id: string;
  /** 0, or 1 to 3 for the sides of a merge with conflicts. */
  readonly stage: number;
  readonly isIntentToAdd: boolean;
  readonly isSkipWorktree: boolean;
  readonly isAssumedUnchanged: boolean;
  readonly size: number;
  readonly mtime: number;
  readonly ctime: number;
}

/** The index of a working tree. */
export interface IndexFile {
  readonly version: number;
  readonly entries: readonly IndexEntry[];
  /** The four letters of each extension. */
  readonly extensions: ReadonlySet<string>;
}

const SIGNATURE = 0x44495243; // DIRC
const HASH_LENGTH = 20;

/**
 * Reads an index of version 2, 3 or 4 with SHA-1. Throws `TOO_LARGE` if its paths are too long, and a `RangeError` for
 * anything else.
 */
export function parseIndex(bytes: Uint8Array): IndexFile {
  try {
    return parse(bytes);
  } catch (cause) {
    if (LedgerError.is(cause)) throw cause;
    throw new RangeError("the index is damaged", { cause });
  }
}

function parse(bytes: Uint8Array): IndexFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(4);
  if (view.getUint32(0) !== SIGNATURE || version < 2 || version > 4) throw new RangeError("not an index of git");
  const count = view.getUint32(8);
  const entries: IndexEntry[] = [];
  const budget = new PathBudget();
  let at = 12;
  let previous: Uint8Array = new Uint8Array();
  const seconds = (from: number): number => view.getUint32(from) * 1000 + view.getUint32(from + 4) / 1e6;
  for (let i = 0; i < count; i++) {
    const begin = at;
    const flags = view.getUint16(begin + 60);
    const isExtended = version >= 3 && (flags & 0x4000) !== 0;
    const more = isExtended ? view.getUint16(begin + 62) : 0;
    at = begin + (isExtended ? 64 : 62);
    let kept = 0;
    if (version === 4) {
      let byte = view.getUint8(at++);
      let cut = byte & 127;
      while (byte & 128) {
        byte = view.getUint8(at++);
        cut = (cut + 1) * 128 + (byte & 127);
      }
      kept = previous.length - cut;
      if (kept < 0) throw new RangeError("the index has a wrong name");
    }
    const end = bytes.indexOf(0, at);
    if (end === -1) throw new RangeError("the index ends early");
    budget.spend(kept + end - at);
    const path = new Uint8Array(kept + end - at);
    path.set(previous.subarray(0, kept));
    path.set(bytes.subarray(at, end), kept);
    at = version === 4 ? end + 1 : begin + ((end - begin + 8) & ~7);
    entries.push({
      path: pathName(path),
      mode: view.getUint32(begin + 24),
      id: hex(bytes.subarray(begin + 40, begin + 40 + HASH_LENGTH)),
      stage: (flags >> 12) & 3,
      isAssumedUnchanged: (flags & 0x8000) !== 0,
      isSkipWorktree: (more & 0x4000) !== 0,
      isIntentToAdd: (more & 0x2000) !== 0,
      size: view.getUint32(begin + 36),
      ctime: seconds(begin),
      mtime: seconds(begin + 8),
    });
    previous = path;
  }
  return { version, entries, extensions: extensionNames(bytes, view, at) };
}

function extensionNames(bytes: Uint8Array, view: DataView, from: number): Set<string> {
  const names = new Set<string>();
  for (let at = from; at + 8 <= bytes.length - HASH_LENGTH; at += 8 + view.getUint32(at + 4))
    names.add(pathName(bytes.subarray(at, at + 4)));
  return names;
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
