import type { Backend } from "../backend/backend.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { BackgroundWork } from "../platform/background-work.ts";
import { ClosedRuns } from "./closed-runs.ts";
import type { KnownRun } from "../journal/known-run.ts";
import { RunMemory } from "./run-memory.ts";
import { SegmentCache } from "./segment-cache.ts";

/** The most characters of running runs that are remembered. */
const MAX_RUNNING_CHARS: number = 16 * 1024 * 1024;

/** The parts of a ledger that its catalogue uses. */
export interface CatalogContext {
  readonly backend: Backend;
  /** The segments in memory. They stay there as long as the ledger is open. */
  readonly segments: SegmentCache;
  /** Closed runs that are in no segment, as far as they were read. */
  readonly closedRuns: ClosedRuns;
  /** What was read of running runs. */
  readonly runningRuns: RunMemory<KnownRun>;
  /** Where the catalogue is tidied after a search. */
  readonly background: BackgroundWork;
  /** Returns a unique id. */
  readonly newId: () => string;
  readonly onError: (error: LedgerError) => void;
}

/** The parts of an open ledger from which its catalogue is made. */
interface OpenLedger extends Pick<CatalogContext, "backend" | "background" | "onError"> {
  readonly ids: (kind: "segment") => string;
}

const catalogs = new WeakMap<OpenLedger, CatalogContext>();

/** Returns the catalogue of an open ledger, always the same one. */
export function catalogOf(ledger: OpenLedger): CatalogContext {
  let catalog = catalogs.get(ledger);
  if (catalog === undefined) {
    const { backend, background, ids, onError } = ledger;
    catalog = {
      backend,
      segments: new SegmentCache(backend),
      closedRuns: new ClosedRuns(),
      runningRuns: new RunMemory(MAX_RUNNING_CHARS),
      background,
      newId: () => ids("segment"),
      onError,
    };
    catalogs.set(ledger, catalog);
  }
  return catalog;
}
