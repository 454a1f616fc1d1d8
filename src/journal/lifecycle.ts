import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeCheckedJson, encodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import { isDictionary } from "./record-checks.ts";
import { runPrefix } from "./run-created.ts";
import type { RunRecord } from "./run-record.ts";

/** No marker that this version writes is longer, in bytes. */
export const MAX_MARKER_BYTES = 4096;
/** Numbers that {@link parseLifecycleKey} reads. */
export const MAX_LIFECYCLE_NUMBER = 999_999_999;

const MARKER = /^runs\/[^/]+\/lifecycle\/([0-9]{4}|[1-9][0-9]{4,8})\.json$/;

/** Where a run keeps the markers that say whether it is deleted. */
export function lifecyclePrefix(runId: string): string {
  return `${runPrefix(runId)}/lifecycle`;
}

/** Key of the `n`-th marker of a run, from 1. The one with the highest number says whether the run is deleted. */
export function lifecycleKey(runId: string, n: number): string {
  return `${lifecyclePrefix(runId)}/${String(n).padStart(4, "0")}.json`;
}

/** The number in a key that {@link lifecycleKey} made, or `undefined` for any other key. */
export function parseLifecycleKey(key: string): number | undefined {
  return Number(MARKER.exec(key)?.[1]) || undefined;
}

/** What a marker says. */
export interface Lifecycle {
  readonly deleted: boolean;
  /** In ms since the epoch. */
  readonly time: number;
}

/** Returns the bytes of the `n`-th marker of a run. It names both, so that no other marker passes for it. */
export function encodeLifecycle(runId: string, n: number, { deleted, time }: Lifecycle): Uint8Array {
  return encodeCheckedJson({ v: 1, run: runId, n, deleted, time }, "lifecycle");
}

/**
 * Returns when a run was deleted, in ms since the epoch; `undefined` for one that is not. `newest`: the highest number that
 * {@link parseLifecycleKey} found among the run's keys, 0 for none, which costs no request. Throws `CORRUPT` for a marker that is
 * damaged, or belongs elsewhere.
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
    `${key} is damaged or belongs elsewhere: nothing tells whether run ${runId} is deleted; call deleteRun or restoreRun to say so`,
    { key, cause },
  );
}

/** The record with `deletedAt` as the markers say, whatever it says itself. */
export function withDeletedAt(record: RunRecord, deletedAt: number | undefined): RunRecord {
  const { deletedAt: _old, ...rest } = record;
  return { ...rest, ...(deletedAt !== undefined && { deletedAt }) };
}
