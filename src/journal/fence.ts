import { encodeCheckedJson } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** The greatest number that {@link parseFenceKey} reads. */
export const MAX_FENCE_NUMBER = 999_999_999_999;

const FENCE = /^runs\/[^/]+\/fences\/([0-9]{6}|[1-9][0-9]{6,11})\.json$/;
const CLAIM = /^runs\/[^/]+\/fences\/([0-9]{6}|[1-9][0-9]{6,11})\.claim\.([0-9a-f]{32})$/;
const END =
  /^runs\/[^/]+\/fences\/(?:[0-9]{6}|[1-9][0-9]{6,11})\.end\.([0-9a-z][0-9a-z_-]{0,63})\.(0|[1-9][0-9]{0,15})$/;

function prefix(runId: string, n: number): string {
  return `runs/${runId}/fences/${String(n).padStart(6, "0")}`;
}

/**
 * Returns the key of the `n`-th fence of a run, counted from 1. The fence shuts out every session that began when the
 * run had fewer fences. Every writer knows this key beforehand, so one `stat` tells it whether it is shut out.
 */
export function fenceKey(runId: string, n: number): string {
  return `${prefix(runId, n)}.json`;
}

/** Returns the number in a key that {@link fenceKey} made, or `undefined` for any other key. */
export function parseFenceKey(key: string): number | undefined {
  const match = FENCE.exec(key);
  return match ? Number(match[1]) : undefined;
}

/** A session that wants the `n`-th fence for itself. `id`: 32 random hex digits, used by nobody else. */
export interface FenceClaim {
  readonly n: number;
  readonly id: string;
}

/**
 * Returns the key with which a session claims a fence. Two sessions never share such a key, so a store that lets both
 * create the fence itself cannot hide one from the other.
 */
export function fenceClaimKey(runId: string, { n, id }: FenceClaim): string {
  return `${prefix(runId, n)}.claim.${id}`;
}

/** Returns what a key that {@link fenceClaimKey} made says, or `undefined` for any other key. */
export function parseFenceClaimKey(key: string): FenceClaim | undefined {
  const match = CLAIM.exec(key);
  return match ? { n: Number(match[1]), id: match[2] as string } : undefined;
}

/** Returns the content of a fence, which no reader needs: it tells people which session of which run put it up. */
export function encodeFence(runId: string, { n, id }: FenceClaim, writer: string): Uint8Array {
  return encodeCheckedJson({ v: 1, run: runId, n, writer, claim: id }, "fence");
}

/** Where the journal of a writer that is shut out ends: at record `next`. */
export interface FencedEnd {
  readonly writer: string;
  readonly next: number;
}

/** Returns the key that records, for the `n`-th fence, where a writer's journal ends. The object is empty. */
export function fencedEndKey(runId: string, n: number, { writer, next }: FencedEnd): string {
  return `${prefix(runId, n)}.end.${writer}.${next}`;
}

/** Returns what a key that {@link fencedEndKey} made says, or `undefined` for any other key. */
export function parseFencedEndKey(key: string): FencedEnd | undefined {
  const match = END.exec(key);
  const next = Number(match?.[2]);
  return match && Number.isSafeInteger(next) ? { writer: match[1] as string, next } : undefined;
}

/** Returns the error that a session gets once it is shut out. */
export function fencedError(runId: string, key: string): LedgerError {
  return new LedgerError(
    "FENCED",
    `another process sealed run ${runId} or resumed it exclusively: this writer no longer belongs to the run, and ` +
      "stores nothing more",
    { key },
  );
}
