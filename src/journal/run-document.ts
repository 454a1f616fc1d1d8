import { encodeCheckedJson } from "./checked-json.ts";
import type { Compacted, Coverage } from "./compacted.ts";
import type { RunRecord } from "./run-record.ts";
import { storeFold } from "./stored-fold.ts";

/**
 * The fold of a run, written when it closes. Its record is good as long as the journals hold no more than it covers. With
 * `compacted` it stands in for journals that may be gone.
 */
export interface RunDocument {
  readonly record: RunRecord;
  readonly covers: readonly Coverage[];
  readonly compacted?: Compacted | undefined;
}

const DOCUMENT = /^run(?:\.([0-9]{4,9}))?\.json$/;

/** Key of a run's `n`-th document: `run.json`, then `run.0002.json` and so on, since nothing is ever written over. */
export function runDocumentKey(runId: string, n: number): string {
  return n === 1 ? `runs/${runId}/run.json` : `runs/${runId}/run.${String(n).padStart(4, "0")}.json`;
}

/** The number in a key that {@link runDocumentKey} made, or `undefined` for any other key. */
export function parseRunDocumentKey(key: string): number | undefined {
  const match = DOCUMENT.exec(key.slice(key.lastIndexOf("/") + 1));
  return match ? Number(match[1] ?? 1) : undefined;
}

export function encodeRunDocument({ record, covers, compacted }: RunDocument): Uint8Array {
  const stored = compacted && { ...compacted, writers: compacted.writers.map(storeFold) };
  // Left out when there are none, as before there could be any.
  const { datasets, ...rest } = record;
  const kept = datasets.length > 0 ? record : rest;
  return encodeCheckedJson({ v: 1, record: kept, covers, ...(stored && { compacted: stored }) }, "run");
}
