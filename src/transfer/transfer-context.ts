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
  /** Blobs that are being copied, by key. */
  readonly copying: Map<string, Promise<void>>;
  readonly signal: AbortSignal | undefined;
}

/** What the parts of an import share. */
export type ImportContext = Omit<TransferContext, "source" | "copying" | "verify">;

/** Returns the context of a new copy. */
export function newTransfer(
  given: Pick<TransferContext, "source" | "target" | "newId" | "stored" | "verify" | "signal">,
): TransferContext {
  return { ...given, there: new CheckedBlobs(), copying: new Map() };
}
