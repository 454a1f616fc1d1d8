import { LedgerError } from "../backend/error.ts";

/**
 * Something that is not as it should be in a run's journals.
 *
 * - `torn-tail`: the last write of a writer is incomplete, as after a crash. Nothing acknowledged is affected.
 * - `corrupt`: bytes changed or are gone in the middle of an object; `from` and `to` say which.
 * - `unreadable-tail`: the end of an object is damaged and nothing readable follows: a torn write, or corruption.
 * - `missing`: records the writer numbered are in no object that is there.
 * - `newer`: an intact frame, or a segment, that a later version of this library wrote. Its records are missing here, and not damaged.
 * - `unknown`: a record of a kind, or a version, that this library does not know. It was skipped.
 */
export interface Damage {
  readonly kind: "torn-tail" | "corrupt" | "unreadable-tail" | "missing" | "newer" | "unknown";
  /** The backend key concerned. */
  readonly key: string;
  /** For people. */
  readonly message: string;
  /** Byte range in the object, `[from, to)`. */
  readonly from?: number;
  readonly to?: number;
}

/** The error for a call that needs what damage may have cost. `what` is not complete, or not to be trusted. */
export function lossError(what: string, { kind, key, message }: Damage): LedgerError {
  const code = kind === "newer" ? "FORMAT_TOO_NEW" : "CORRUPT";
  return new LedgerError(code, `${what} not complete: ${message}`, { key });
}

/** True when records may be gone, or wrong if they were used. */
export function losesRecords({ kind }: Damage): boolean {
  return kind === "corrupt" || kind === "missing" || kind === "unreadable-tail" || kind === "newer";
}
