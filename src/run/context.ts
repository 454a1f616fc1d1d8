import type { ArtifactStore } from "../artifacts/store.ts";
import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../backend/clock.ts";
import type { LedgerError } from "../backend/error.ts";
import type { IdSource } from "./ids.ts";
import type { Run } from "./run.ts";

/** What a run needs of its ledger. */
export interface RunContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly artifacts: ArtifactStore;
  readonly onError: (error: LedgerError) => void;
  /** Told of each run that is open here, and when it no longer is. */
  readonly onOpen: (run: Run) => void;
  readonly onClose: (run: Run) => void;
}
