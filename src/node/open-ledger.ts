import type { OpenLedgerOptions } from "../index.ts";
import { openCapturingLedger } from "../ledger/open-ledger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { type CaptureOptions, readCapture } from "./capture-options.ts";
import { guardedCapture } from "./guarded-capture.ts";
import { backendOf, type LedgerPlace } from "./ledger-place.ts";

/** Options of `openLedger` of `runledger/node`: those of `runledger`, and what runs record by themselves. */
export interface NodeLedgerOptions extends OpenLedgerOptions {
  /** What each run records by itself; see {@link CaptureOptions} for the defaults. `false`: nothing. */
  readonly capture?: boolean | CaptureOptions | undefined;
  /** Whether the end of the process closes each run; see {@link openLedger}. Default `true`. */
  readonly guard?: boolean | undefined;
}

const NAMES: OptionNames<NodeLedgerOptions> = {
  clock: true,
  ids: true,
  environment: true,
  parquet: true,
  onError: true,
  signal: true,
  capture: true,
  guard: true,
};

/** Returns where an option belongs that `openLedger` does not have. */
function adviceOn(name: string): string {
  if (name === "durability") return "; pass fsBackend(path, { durability }) of runledger/backends/fs as the place";
  if (name === "console" || name === "system" || name === "code") return `; pass capture: { ${name}: true }`;
  return name === "flush" || name === "heartbeatMs" ? "; it is an option of startRun and withRun" : "";
}

/**
 * Opens the ledger of a place: the path of a directory, a `file:` URL, `s3://bucket/prefix`, or a backend. Keys, region
 * and endpoint of a bucket come from the `AWS_*` environment variables. The result is the `Ledger` of `runledger`.
 *
 * Every run that is started or resumed through this ledger records what `capture` says. Unless `guard` is `false`, it is
 * also guarded as by {@link guardProcess}, with two differences:
 *
 * - If the program listens for a signal itself, the signal does not close the run. The program decides, and may save and
 *   finish. If it does not close the run, the natural end of the process closes it as `killed`.
 * - While sessions of other processes seem to continue the run, the guard only stores what this process logged and leaves
 *   the run open. The last process closes it.
 *
 * Nothing of that delays the program or keeps the process alive for long.
 *
 * Rejects as `openLedger` of `runledger` does, with `INVALID_ARGUMENT` for a place that is not one of these, and with
 * `CREDENTIALS` without keys for a bucket.
 */
export async function openLedger(place: LedgerPlace, options?: NodeLedgerOptions): Promise<Ledger> {
  const { capture, guard = true, ...own } = readOptions("openLedger", options, NAMES, "options", adviceOn);
  if (typeof guard !== "boolean") throw invalidArgument("guard", "a boolean", guard);
  const kinds = readCapture(capture);
  return await openCapturingLedger(await backendOf(place), own, guardedCapture(kinds, guard));
}
