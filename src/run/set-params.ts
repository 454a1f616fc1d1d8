import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { readOptions } from "../arguments/options.ts";
import type { Dictionary } from "../journal/event.ts";
import { findConflict } from "../journal/params.ts";
import { copyData } from "./start-options.ts";

/** Options of `setParams`. */
export interface SetParamsOptions {
  /** Whether to replace params that have another value. Default `false`: `PARAM_CONFLICT`. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Returns a copy of the params that a call of `setParams` sets. Throws `INVALID_ARGUMENT`, or `PARAM_CONFLICT` with
 * `known`.
 */
export function checkParams(known: Dictionary, params: object, options: SetParamsOptions | undefined): Dictionary {
  const set = copyData(params, "params", ", as in setParams({ lr: 0.1 })");
  const { overwrite = false } = readOptions("setParams", options, { overwrite: true });
  if (typeof overwrite !== "boolean") throw invalidArgument("overwrite", "a boolean", overwrite);
  const conflict = overwrite ? undefined : findConflict(known, set);
  if (conflict === undefined) return set;
  throw new LedgerError(
    "PARAM_CONFLICT",
    `the param ${conflict} already has another value; pass { overwrite: true } to replace it`,
    { field: `params.${conflict}` },
  );
}
