import type { ArtifactStore } from "../artifacts/store.ts";
import type { Backend } from "../backend/backend.ts";
import type { BackgroundWork } from "../platform/background-work.ts";
import type { Clock } from "../platform/clock.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { Dictionary } from "../journal/event.ts";
import type { RunCapture } from "./run-capture.ts";

/** A run that is open in this process. */
export interface OpenRun {
  readonly id: string;
}

/** What a run gets from its ledger. */
export interface RunContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Whether to write Parquet for engines that cannot read BYTE_STREAM_SPLIT. */
  readonly compat: boolean;
  /** The environment that runs record. Default: what the system reports. */
  readonly environment: Dictionary | undefined;
  /** Records more of each run than the program logs. */
  readonly capture?: RunCapture | undefined;
  /** Returns the store of artifacts, which is loaded when it is first needed. */
  readonly artifacts: () => Promise<ArtifactStore>;
  /** Writes `ledger.json` again if others have removed it, and reports that. */
  readonly keepMarker: () => Promise<void>;
  readonly onError: (error: LedgerError) => void;
  /** Work that no call waits for. */
  readonly background: BackgroundWork;
  /** Called with each run that this process opens. */
  readonly onOpen: (run: OpenRun) => void;
  /** Called when the run is no longer open here. */
  readonly onClose: (run: OpenRun) => void;
}

/**
 * Returns an id that is unique: lower-case letters and digits, `-` and `_`, at most 64 characters, the first a letter
 * or a digit.
 */
export type IdSource = (kind: "run" | "writer" | "artifact" | "blob" | "segment" | "records") => string;
