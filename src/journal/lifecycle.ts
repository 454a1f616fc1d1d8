import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeCheckedJson, encodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import { isDictionary } from "./record-checks.ts";
import { runPrefix } from "./run-created.ts";
import type { RunRecord } from "./run-record.ts";

/** The greatest length of a marker, in bytes. */
export const MAX_MARKER_BYTES = 4096;
/** The greatest number that {@link parseLifecycleKey} reads. */
export const MAX_LIFECYCLE_NUMBER = 999_999_999;

const MARKER = /^runs\/[^/]+\/lifecycle\/([0-9]{4}|[1-9][0-9]{4,8})\.json$/;

/** Returns the prefix of the markers that say whether a run is deleted. */
export function lifecyclePrefix(runId: string): string {
  return `${runPrefix(runId)}/lifecycle`;
}

/**
 * Returns the key of the `n`-th marker of a run, from 1. The marker with the highest number says whether the run is
 * deleted.
 */
export function lifecycleKey(runId: string, n: number): string {
  return `${lifecyclePrefix(runId)}/${String(n).padStart(4, "0")}.json`;
}

/** Returns the number in a key that {@link lifecycleKey} made, or `undefined` for any other key. */
export function parseLifecycleKey(key: string): number | undefined {
  return Number(MARKER.exec(key)?.[1]) || undefined;
}

/** What a marker says. */
export interface Lifecycle {
  readonly deleted: boolean;
  /** When the run was deleted or restored, in ms since the epoch. */
  readonly time: number;
}

/** Returns the bytes of the `n`-th marker of a run. It names both, so that no other marker passes for it. */
export function encodeLifecycle(runId: string, n: number, { deleted, time }: Lifecycle): Uint8Array {
  return encodeCheckedJson({ v: 1, run: runId, n, deleted, time }, "lifecycle");
}

/**
 * Returns when a run was deleted, in ms since the epoch, or `undefined` if it is not deleted. `newest`: the highest
 * number of the markers, or 0 if there are none, which costs no request. Throws `CORRUPT` for a damaged marker, or one
 * of another run.
 */
export async function readLifecycle(
  backend: Backend,
  runId: string,
  newest: number,
  options?: CallOptions,
): Promise<number | undefined> {
  if (newest === 0) return undefined;
  const key = lifecycleKey(runId, newest);
  const bytes = await backend.read(key, { ...options, range: { offset: 0, length: MAX_MARKER_BYTES + 1 } });
  let marker: unknown;
  let cause: unknown;
  try {
    if (bytes.length <= MAX_MARKER_BYTES) marker = decodeCheckedJson(bytes);
  } catch (error) {
    cause = error;
  }
  if (isDictionary(marker)) {
    const { v, run, n, deleted, time } = marker;
    const later = laterVersion(marker);
    if (later !== undefined)
      throw new LedgerError("FORMAT_TOO_NEW", `${key} is of version ${later}; this library reads version 1`, { key });
    const isOwn = v === 1 && run === runId && n === newest;
    if (isOwn && typeof deleted === "boolean" && Number.isFinite(time)) return deleted ? (time as number) : undefined;
  }
  throw new LedgerError(
    "CORRUPT",
    `${key} is damaged or belongs to another run, so it is unknown whether run ${runId} is deleted: call ` +
      "deleteRun or restoreRun",
    { key, cause },
  );
}

/**
 * Throws `RUN_CLOSED` if the run is deleted, because nobody would find what is logged to it. A damaged marker does not
 * stop a writer. `newest` as for {@link readLifecycle}.
 */
export async function assertNotDeleted(
  backend: Backend,
  runId: string,
  newest: number,
  options?: CallOptions,
): Promise<void> {
  try {
    if ((await readLifecycle(backend, runId, newest, options)) === undefined) return;
  } catch (error) {
    if (LedgerError.hasCode(error, "CORRUPT")) return;
    throw error;
  }
  const id = JSON.stringify(runId);
  const message = `run ${id} was deleted, so it cannot go on: call restoreRun(${id}) first, or take another id`;
  throw new LedgerError("RUN_CLOSED", message, { field: "id" });
}

/** Returns the record with the `deletedAt` of the markers instead of its own. */
export function withDeletedAt(record: RunRecord, deletedAt: number | undefined): RunRecord {
  const { deletedAt: _old, ...rest } = record;
  return { ...rest, ...(deletedAt !== undefined && { deletedAt }) };
}
