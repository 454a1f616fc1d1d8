import { LedgerError } from "../errors/ledger-error.ts";
import { checkChoice } from "../arguments/choice.ts";
import { readOptions } from "../arguments/options.ts";
import type { ClosingStatus, ErrorSummary } from "../journal/event.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { summariseError } from "./error-summary.ts";
import { checkTime } from "./log-position.ts";

/** How a run ends. */
export interface Ending {
  readonly status: ClosingStatus;
  readonly error?: ErrorSummary | undefined;
  /** When the run ended. Default: when the end is recorded. */
  readonly endTime?: number | undefined;
}

/** Options of `finish` and `fail`. */
export interface FinishOptions {
  /** When the run ended, in ms since the epoch and not before it began. For importers. Default: now. */
  readonly endTime?: number | undefined;
}

/** Returns the end that `finish` was asked for. Throws `INVALID_ARGUMENT`. */
export function readFinish(status: ClosingStatus, options: FinishOptions | undefined, created: RunCreated): Ending {
  checkChoice("status", status, ["finished", "failed", "killed"]);
  return { status, ...readEnd("finish", options, created) };
}

/** Returns the end that `fail` was asked for. Throws `INVALID_ARGUMENT`. */
export function readFail(error: unknown, options: FinishOptions | undefined, created: RunCreated): Ending {
  return { status: "failed", error: summariseError(error), ...readEnd("fail", options, created) };
}

function readEnd(
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
