import type { StoredBlob } from "../artifacts/blobs.ts";
import type { Backend } from "../backend/backend.ts";
import { CheckedBlobs } from "../care/checked-blobs.ts";

/** What the parts of a copy share. */
export interface TransferContext {
  readonly source: Backend;
  readonly target: Backend;
  readonly newId: () => string;
  /** Called with the bytes that were stored in the target. */
  readonly stored: (bytes: number) => void;
  /** Blobs and manifests that the target certainly has, by digest. */
  readonly there: CheckedBlobs;
  /** Whether the bytes that the target has are compared with their digests. */
  readonly verify: boolean;
  /** What the next runs begin with. */
  readonly seen: Seen;
  /** The blobs that the run that is copied needs, by digest. */
  readonly relied: Map<string, StoredBlob>;
  /** Blobs that are being copied, by key. */
  readonly copying: Map<string, Promise<void>>;
  readonly signal: AbortSignal | undefined;
}

/** What was seen in the target since a number of collections had ended there. */
export interface Seen {
  before: number;
  there: CheckedBlobs;
}

/** What the parts of an import share. */
export type ImportContext = Omit<TransferContext, "source" | "copying" | "relied" | "seen" | "verify">;

/** Returns the context of a new copy. */
export function newTransfer(
  given: Pick<TransferContext, "source" | "target" | "newId" | "stored" | "verify" | "signal">,
): TransferContext {
  const there = new CheckedBlobs();
  return { ...given, there, seen: { before: 0, there }, relied: new Map(), copying: new Map() };
}
