import type { Backend, CallOptions } from "../backend/backend.ts";
import { encodeCheckedJson } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { runPrefix } from "./run-created.ts";

/** The name, below the prefix of the run, of the object that stays of a purged run. */
export const PURGED_NAME = "purged.json";

/** Returns the key of the object that stays of a purged run. Whatever else is below the prefix counts no more. */
export function purgedKey(runId: string): string {
  return `${runPrefix(runId)}/${PURGED_NAME}`;
}

/** What stays of a run that was removed for good. */
export interface PurgedRun {
  /** When, in ms since the epoch. */
  readonly time: number;
  /** The experiment and the name of the run, unless its beginning was damaged. */
  readonly experiment?: string | undefined;
  readonly name?: string | undefined;
  /** The seal that the run had: its size in bytes, and its digest. */
  readonly seal?: { readonly size: number; readonly digest: string } | undefined;
}

/** Returns the bytes of the object. */
export function encodePurged(runId: string, purged: PurgedRun): Uint8Array {
  return encodeCheckedJson({ v: 1, run: runId, ...purged }, "purged");
}

/** Returns whether a run was purged. Takes one request. */
export async function wasPurged(backend: Backend, runId: string, options?: CallOptions): Promise<boolean> {
  return (await backend.stat(purgedKey(runId), options)) !== undefined;
}

/** Returns the error for the id of a run that was purged. */
export function runPurged(runId: string): LedgerError {
  return new LedgerError("RUN_NOT_FOUND", `run ${JSON.stringify(runId)} was purged: it was removed for good`, {
    field: "id",
    received: "string",
  });
}
