import type { ArtifactStore } from "../artifacts/store.ts";
import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { Dictionary } from "../journal/event.ts";

/** A run that is open in this process. */
export interface OpenRun {
  readonly id: string;
}

/** What a run needs of its ledger. */
export interface RunContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Parquet for engines that cannot read BYTE_STREAM_SPLIT. */
  readonly compat: boolean;
  /** What runs record of where they run. Default: what the system tells. */
  readonly environment: Dictionary | undefined;
  /** Loaded when it is first needed. */
  readonly artifacts: () => Promise<ArtifactStore>;
  /** Writes `ledger.json` again, and says so, if others have removed it. */
  readonly keepMarker: () => Promise<void>;
  readonly onError: (error: LedgerError) => void;
  /** Told of each run that is open here, and when it no longer is. */
  readonly onOpen: (run: OpenRun) => void;
  readonly onClose: (run: OpenRun) => void;
}

/**
 * Returns an id that is unique: lower-case letters and digits, `-` and `_`, at most 64 characters, the first a letter
 * or a digit.
 */
export type IdSource = (kind: "run" | "writer" | "artifact" | "blob" | "segment" | "records") => string;
