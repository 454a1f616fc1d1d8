import type { TableReader } from "../artifacts/stored-table.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Backend } from "../backend/backend.ts";
import { BackgroundWork } from "../platform/background-work.ts";
import { checkedClock } from "../platform/checked-clock.ts";
import { type Clock, toClock } from "../platform/clock.ts";
import { callOptions } from "../backend/call-options.ts";
import { checkChoice } from "../arguments/choice.ts";
import { invalidArgument, LedgerError, ledgerErrorOf, reading } from "../errors/ledger-error.ts";
import { withChecks } from "../backend/layers/checks.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { IdSource, OpenRun, RunContext } from "../run/run-context.ts";
import { browserCapture } from "./browser-capture.ts";
import type { RunCapture } from "../run/run-capture.ts";
import { copyData } from "../run/start-options.ts";
import { checkMarker, keepMarker, MARKER_KEY } from "./format-marker.ts";
import { Ledger } from "./ledger.ts";
import { randomIds } from "./random-ids.ts";
import { warn } from "../platform/warn.ts";

const artifactStore = /* @__PURE__ */ onDemand(() => import("../artifacts/store.ts"));
const tables = /* @__PURE__ */ onDemand(() => import("../media/table-read.ts"));
const readTable: TableReader = async (bytes, signal) => (await tables()).readTableFile(bytes, signal);

/** Options of `openLedger`. */
export interface OpenLedgerOptions {
  /**
   * The time, for tests: a clock, or a function that returns ms since the epoch. A time that no `Date` can hold is
   * refused with `INVALID_ARGUMENT`. If the clock was right before, its last right time is used instead, and `onError`
   * is called once. Default: the clock of the system.
   */
  readonly clock?: Partial<Clock> | (() => number) | undefined;
  /** Makes ids, for tests. Default: ids of runs begin with the time, the rest is random. */
  readonly ids?: IdSource | undefined;
  /** What each run records as its environment, unless `startRun` says otherwise. Default: what the system says. */
  readonly environment?: object | undefined;
  /**
   * How metrics of finished runs are encoded. `"compact"` (default): BYTE_STREAM_SPLIT, which DuckDB, pyarrow, pandas
   * and polars read. `"compatible"`: PLAIN with gzip, which is larger, for engines that do not read it, such as
   * fastparquet and older Spark.
   */
  readonly parquet?: "compact" | "compatible" | undefined;
  /**
   * Called with errors that no call can reject with: background writes that failed, damaged runs that were left out.
   * Default: `console.warn`, once for each code, operation and field.
   */
  readonly onError?: ((error: LedgerError) => void) | undefined;
  /** Aborting it rejects `openLedger`. It has no effect on the open ledger. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<OpenLedgerOptions> = {
  clock: true,
  ids: true,
  environment: true,
  parquet: true,
  onError: true,
  signal: true,
};

/**
 * Opens the ledger of a backend, or begins one in an empty place. Waits for a backend that is still being opened, such as
 * that of `opfsBackend()`, and never for other writers. Rejects with
 * `NOT_A_LEDGER`, `FORMAT_TOO_NEW`, `CORRUPT`, with `INVALID_ARGUMENT` for something that is not a backend, or with the
 * backend's error: `PERMISSION_DENIED`, `BUCKET_NOT_FOUND`, `CREDENTIALS`, …
 */
export async function openLedger(
  backend: Backend | PromiseLike<Backend>,
  options: OpenLedgerOptions = {},
): Promise<Ledger> {
  const isOpening = reading("backend", () => typeof (backend as Partial<PromiseLike<Backend>>)?.then === "function");
  return await openCapturingLedger(isOpening ? await backend : (backend as Backend), options);
}

/** Opens a ledger as {@link openLedger} does. `capture` records more of each run than the program logs. */
export async function openCapturingLedger(
  backend: Backend,
  options: OpenLedgerOptions,
  capture?: RunCapture,
): Promise<Ledger> {
  const given = readOptions("openLedger", options, NAMES, "options", (name) =>
    name === "flush" || name === "heartbeatMs" ? "; it is an option of startRun and withRun" : "",
  );
  const { onError, parquet = "compact" } = given;
  const tell = troubleListener(onError);
  const own = reading("clock", () => toClock(given.clock));
  const clock = given.clock === undefined ? own : checkedClock(own, tell);
  const { ids = randomIds(clock) } = given;
  if (typeof ids !== "function") throw invalidArgument("ids", "a function", ids);
  if (onError !== undefined && typeof onError !== "function") throw invalidArgument("onError", "a function", onError);
  checkChoice("parquet", parquet, ["compact", "compatible"]);
  const checked = reading("backend", () => withChecks(backend));
  let marker = await checkMarker(checked, clock, callOptions(given.signal));
  if (marker.lost) tell(marker.lost.error);
  const openRuns = new Set<OpenRun>();
  let store: ArtifactStore | undefined;
  let keeping: Promise<void> | undefined;
  const keep = async (): Promise<void> => {
    const { bytes, lost } = marker;
    const harm = await keepMarker(checked, marker);
    marker = { bytes };
    // The loss was reported when the ledger was opened.
    if (harm === undefined || lost) return;
    const what =
      `another program has ${harm} ${MARKER_KEY}, and perhaps more, while the ledger was open: it was ` +
      "written again";
    tell(new LedgerError("CONFLICT", what, { key: MARKER_KEY }));
  };
  const context: RunContext = {
    backend: checked,
    clock,
    ids,
    environment: options.environment === undefined ? undefined : copyData(options.environment, "environment"),
    capture: capture ?? browserCapture(),
    compat: parquet === "compatible",
    artifacts: async () => {
      const { ArtifactStore } = await artifactStore();
      return (store ??= new ArtifactStore({ backend: checked, clock, ids, readTable, onTrouble: tell }));
    },
    // One check serves all calls at the same moment, so that the loss is reported once.
    keepMarker: () => (keeping ??= keep().finally(() => (keeping = undefined))),
    onError: tell,
    background: new BackgroundWork((reason) => tell(ledgerErrorOf(reason, "work in the background failed"))),
    onOpen: (run) => void openRuns.add(run),
    onClose: (run) => void openRuns.delete(run),
  };
  return new Ledger(context, openRuns);
}

/**
 * Returns a function that passes an error to `onError`. Without `onError` it warns once for each code, operation and field.
 */
function troubleListener(onError: ((error: LedgerError) => void) | undefined): (error: LedgerError) => void {
  const warned = new Set<string>();
  return (error) => {
    try {
      if (onError) return void onError(error);
      const kind = `${error.code} ${error.operation} ${error.field}`;
      if (warned.has(kind)) return;
      warned.add(kind);
      warn(
        `${error.message} (${error.code}). ` +
          "This warning comes once for each code, operation and field; pass onError to openLedger to get every error",
      );
    } catch {
      // A failure of `onError` must not disturb the caller.
    }
  };
}
