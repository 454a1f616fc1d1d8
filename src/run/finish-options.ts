import { LedgerError } from "../errors/ledger-error.ts";
import { readOptions } from "../arguments/options.ts";
import type { ClosingStatus, ErrorSummary } from "../journal/event.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { checkTime } from "./log-position.ts";

/** How a run ends. */
export interface Ending {
  readonly status: ClosingStatus;
  readonly error?: ErrorSummary | undefined;
  /** Default: when the end is recorded. */
  readonly endTime?: number | undefined;
}

/** Options of `finish` and `fail`. */
export interface FinishOptions {
  /** When the run ended, in ms since the epoch and not before it began. For importers. Default: now. */
  readonly endTime?: number | undefined;
}

/** Reads the options of `finish` or `fail`. Throws `INVALID_ARGUMENT`. */
export function readEnd(
  method: "finish" | "fail",
  options: FinishOptions | undefined,
  { startTime, createdAt }: RunCreated,
): Pick<Ending, "endTime"> {
  const { endTime } = readOptions(method, options, { endTime: true });
  if (endTime === undefined) return {};
  const end = checkTime(endTime, "endTime");
  if (end >= Math.floor(startTime ?? createdAt)) return { endTime: end };
  throw new LedgerError("INVALID_ARGUMENT", `endTime is before the start of the run: ${end}`, { field: "endTime" });
}
